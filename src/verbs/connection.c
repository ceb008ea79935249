#include "verbs/connection.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session/session.h"

enum { LEAST_PORT = 1024 /* of active connections */ };

/* RFC 959 allows PASV no other refusal than 421 if there is no port. */
static int no_port(struct session *session, int error) {
    const struct log_facts facts = {.reply = 421};
    log_about(session->given->log, EVENT_NO_PORT, &facts, "Cannot listen for a data connection: %s",
              strerror(-error));
    return leave_saying(session, 421, "Cannot listen for a data connection: %s; closing",
                        strerror(-error));
}

int verb_pasv(struct session *session, const char *argument) {
    (void)argument;
    if (session->data.extended_only)
        return reply_send(session, 501, "Only EPSV is served after EPSV ALL");
    if (data_is_ipv6(session))
        return reply_send(session, 502, "PASV is for IPv4; use EPSV");
    unsigned port = 0;
    int result = data_listen(session, &port);
    if (result < 0)
        return no_port(session, result);
    struct in_addr told = session->given->told;
    uint32_t host = ntohl(told.s_addr ? told.s_addr : data_address(session).in.sin_addr.s_addr);
    return reply_send(session, 227, "Entering Passive Mode (%u,%u,%u,%u,%u,%u)", host >> 24,
                      host >> 16 & 255, host >> 8 & 255, host & 255, port >> 8, port & 255);
}

/* 522 as RFC 2428 section 2 has it: 1 is IPv4, 2 is IPv6. */
static int refuse_protocol(struct session *session) {
    return reply_send(session, 522, "Network protocol not supported, use (%s)",
                      data_is_ipv6(session) ? "2" : "1");
}

int verb_epsv(struct session *session, const char *argument) {
    if (strcasecmp(argument, "ALL") == 0) {
        data_extend_only(&session->data);
        return reply_send(session, 200, "From now on only EPSV is served");
    }
    if (strlen(argument) != strspn(argument, "0123456789"))
        return reply_send(session, 501, "EPSV takes 1, 2 or ALL");
    if (*argument && strcmp(argument, data_is_ipv6(session) ? "2" : "1") != 0)
        return refuse_protocol(session);
    unsigned port = 0;
    int result = data_listen(session, &port);
    if (result < 0)
        return no_port(session, result);
    return reply_send(session, 229, "Entering Extended Passive Mode (|||%u|)", port);
}

/* Takes the address that a client wants us to connect to, if that is allowed. */
static int set_active(struct session *session, const union address *address, const char *verb) {
    if (session->data.extended_only)
        return reply_send(session, 501, "Only EPSV is served after EPSV ALL");
    if (!dial_reaches(session->given->dial, address) || address_port(address) < LEAST_PORT)
        return reply_send(session, 501, "Only your own address and ports from %d on", LEAST_PORT);
    data_set_active(&session->data, address);
    return reply_send(session, 200, "%s command successful", verb);
}

int verb_port(struct session *session, const char *argument) {
    unsigned n[6];
    const char *at = argument;
    for (int i = 0; i < 6; i++) {
        char *end = NULL;
        unsigned long value = isdigit((unsigned char)*at) ? strtoul(at, &end, 10) : 256;
        if (value > 255 || *end != (i < 5 ? ',' : '\0'))
            return reply_send(session, 501, "PORT wants h1,h2,h3,h4,p1,p2");
        n[i] = (unsigned)value;
        at = end + 1;
    }
    union address address = {.in.sin_family = AF_INET};
    address.in.sin_addr.s_addr = htonl(n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
    address_set_port(&address, n[4] << 8 | n[5]);
    return set_active(session, &address, "PORT");
}

/* "|family|host|port|" with any delimiter (RFC 2428 section 2). An IPv6 host may end in a zone,
 * which only the client can interpret (RFC 4007 section 11.2). Returns 0, -EPROTONOSUPPORT for a
 * family other than 1 and 2, or -EINVAL. */
static int parse_eprt(const char *text, union address *ret) {
    char copy[128], *rest = copy, *field[5];
    char delimiter[] = {*text, '\0'};
    if (strlen(text) >= sizeof(copy) || *text < 33 || *text > 126)
        return -EINVAL;
    memcpy(copy, text, strlen(text) + 1);
    for (int i = 0; i < 5; i++)
        field[i] = strsep(&rest, delimiter);
    if (!field[4] || *field[4] || rest || strspn(field[1], "0123456789") != strlen(field[1]))
        return -EINVAL;
    bool ipv6 = strcmp(field[1], "2") == 0;
    if (!ipv6 && strcmp(field[1], "1") != 0)
        return -EPROTONOSUPPORT;
    *ret = (union address){.any.sa_family = ipv6 ? AF_INET6 : AF_INET};
    if (ipv6)
        field[2][strcspn(field[2], "%")] = '\0';
    void *host = ipv6 ? (void *)&ret->in6.sin6_addr : (void *)&ret->in.sin_addr;
    char *end = field[3];
    unsigned long port = isdigit((unsigned char)*end) ? strtoul(end, &end, 10) : 0;
    if (inet_pton(ipv6 ? AF_INET6 : AF_INET, field[2], host) != 1 || *end || port == 0 ||
        port > 65535)
        return -EINVAL;
    address_set_port(ret, (unsigned)port);
    return 0;
}

int verb_eprt(struct session *session, const char *argument) {
    union address address;
    int result = parse_eprt(argument, &address);
    if (result == -EPROTONOSUPPORT)
        return refuse_protocol(session);
    if (result < 0)
        return reply_send(session, 501, "EPRT wants |1|host|port| or |2|host|port|");
    if ((address.any.sa_family == AF_INET6) != data_is_ipv6(session))
        return refuse_protocol(session);
    return set_active(session, &address, "EPRT");
}
