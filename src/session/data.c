#include "session/data.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/reply.h"
#include "session/session.h"

enum {
    DROP_SIZE = 1 << 16, /* bytes dropped at once */
    LEAST_PORT = 1024,   /* of active connections */
    MEET_TIME = 10000,   /* ms that handshakes before 150 may take, all of them */
    GUARD_TIME = 5000,   /* ms that a transfer looks out for another connection of the client's */
    RIVAL_TIME = 1000, /* ms that one which is silent may take to end, when the transfer is over, */
    PROBE_TIME = 1000, /* and the client to come after one that had ended before the transfer */
    PORT_TIME = 6000,  /* ms that a port is waited for which a transfer of another session has, */
    PORT_STEP = 50     /* and between two tries */
};

void data_init(struct data *data) {
    *data = (struct data){.active.any.sa_family = AF_UNSPEC, .met = -EAGAIN};
    passive_init(&data->passive);
}

bool data_prepared(const struct data *data) {
    return !data->spent &&
           (passive_is_open(&data->passive) || data->active.any.sa_family != AF_UNSPEC);
}

int data_refuse(struct session *session) {
    const struct passive *passive = &session->data.passive;
    if (session->config->no_data_connections)
        return reply_send(session, 425,
                          "Only inline uploads are served: connect anew, and do not ask for "
                          "data connections");
    if (passive->expired)
        return reply_send(session, 425, "Nobody connected within %u seconds: use PASV or EPSV anew",
                          session->config->connect_timeout);
    if (passive->error < 0)
        return reply_send(session, 425, "Cannot open data connection: %s",
                          strerror(-passive->error));
    return reply_send(session, 425, "Use PASV, EPSV, PORT or EPRT first");
}

void data_finish(struct session *session) {
    struct data *data = &session->data;
    if (!data_prepared(data))
        return;
    if (data->passive.taken) {
        data_reset(data);
        return;
    }
    passive_retire(&data->passive, &session->peer, session->log);
    data->active = (union address){.any.sa_family = AF_UNSPEC};
    data->spent = true;
}

void data_reset(struct data *data) {
    passive_close(&data->passive);
    if (data->met == 0)
        data_disconnect(&data->early);
    data->met = -EAGAIN;
    data->spent = data->is_proven = false;
    data->active = (union address){.any.sa_family = AF_UNSPEC};
}

/* The address that data connections come to: our end of the control connection; loopback where
 * that is a pipe or a local socket. Port 0. */
static union address listen_address(const struct session *session) {
    union address address = session->peer.here;
    bool has_own = address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6;
    if (!has_own && session->peer.address.any.sa_family == AF_INET6)
        return (union address){
            .in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    if (!has_own)
        return (union address){
            .in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    if (address.any.sa_family == AF_INET6)
        address.in6.sin6_port = 0;
    else
        address.in.sin_port = 0;
    return address;
}

static bool is_ipv6(const struct session *session) {
    return listen_address(session).any.sa_family == AF_INET6;
}

static socklen_t length_of(const union address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof(address->in6) : sizeof(address->in);
}

static void set_port(union address *address, unsigned port) {
    if (address->any.sa_family == AF_INET6)
        address->in6.sin6_port = htons((in_port_t)port);
    else
        address->in.sin_port = htons((in_port_t)port);
}

static unsigned port_of(const union address *address) {
    return ntohs(address->any.sa_family == AF_INET6 ? address->in6.sin6_port
                                                    : address->in.sin_port);
}

/* Listens for a data connection on a port of the range, beginning anywhere in it, so that sessions
 * do not queue up behind each other and strangers cannot guess. Returns 0 or a negative errno. */
static int listen_in_range(struct session *session) {
    struct port_range range = session->config->passive_ports;
    unsigned count = range.first ? range.last - range.first + 1U : 1U, start = 0;
    union address address = listen_address(session);
    if (count > 1 && getrandom(&start, sizeof(start), 0) != (ssize_t)sizeof(start))
        return -errno;
    int result = -EADDRINUSE;
    for (unsigned i = 0; i < count && result == -EADDRINUSE; i++) {
        set_port(&address, range.first ? range.first + (start + i) % count : 0);
        result = passive_listen(&session->data.passive, &address,
                                clock_deadline(session->config->connect_timeout));
    }
    return result;
}

/* The same, waiting for a port where all are taken: a transfer of another session that has begun
 * needs its port for seconds only. *ret_port: where. */
static int listen_for_data(struct session *session, unsigned *ret_port) {
    long long deadline = clock_ms() + PORT_TIME;
    union address address = {0};
    socklen_t length = sizeof(address);
    data_reset(&session->data);
    int result = listen_in_range(session);
    while (result == -EADDRINUSE && clock_ms() < deadline &&
           control_await(&session->control, -1, 0, PORT_STEP) == -ETIMEDOUT)
        result = listen_in_range(session);
    if (result < 0)
        return result;
    if (getsockname(session->data.passive.listener, &address.any, &length) < 0)
        return -errno;
    *ret_port = port_of(&address);
    return 0;
}

/* No refusal but 421 is open to PASV and EPSV when there is no port to be had. */
static int no_port(struct session *session, int error) {
    log_event(session->log, EVENT_NO_PORT, "Cannot listen for a data connection: %s",
              strerror(-error));
    session->over = true;
    return reply_send(session, 421, "Cannot listen for a data connection: %s; closing",
                      strerror(-error));
}

int verb_pasv(struct session *session, const char *argument) {
    (void)argument;
    if (session->data.extended_only)
        return reply_send(session, 501, "Only EPSV is served after EPSV ALL");
    if (is_ipv6(session))
        return reply_send(session, 502, "PASV is for IPv4; use EPSV");
    unsigned port = 0;
    int result = listen_for_data(session, &port);
    if (result < 0)
        return no_port(session, result);
    struct in_addr told = session->config->passive_address;
    uint32_t host = ntohl(told.s_addr ? told.s_addr : listen_address(session).in.sin_addr.s_addr);
    return reply_send(session, 227, "Entering Passive Mode (%u,%u,%u,%u,%u,%u)", host >> 24,
                      host >> 16 & 255, host >> 8 & 255, host & 255, port >> 8, port & 255);
}

/* 522 as RFC 2428 section 2 has it: 1 is IPv4, 2 is IPv6. */
static int refuse_protocol(struct session *session) {
    return reply_send(session, 522, "Network protocol not supported, use (%s)",
                      is_ipv6(session) ? "2" : "1");
}

int verb_epsv(struct session *session, const char *argument) {
    if (strcasecmp(argument, "ALL") == 0) {
        session->data.extended_only = true;
        return reply_send(session, 200, "From now on only EPSV is served");
    }
    if (strlen(argument) != strspn(argument, "0123456789"))
        return reply_send(session, 501, "EPSV takes 1, 2 or ALL");
    if (*argument && strcmp(argument, is_ipv6(session) ? "2" : "1") != 0)
        return refuse_protocol(session);
    unsigned port = 0;
    int result = listen_for_data(session, &port);
    if (result < 0)
        return no_port(session, result);
    return reply_send(session, 229, "Entering Extended Passive Mode (|||%u|)", port);
}

/* Takes the address that a client wants us to connect to, if it may be had. */
static int set_active(struct session *session, const union address *address, const char *verb) {
    if (session->data.extended_only)
        return reply_send(session, 501, "Only EPSV is served after EPSV ALL");
    if (!dial_reaches(&session->dial, address) || port_of(address) < LEAST_PORT)
        return reply_send(session, 501, "Only your own address and ports from %d on", LEAST_PORT);
    data_reset(&session->data);
    session->data.active = *address;
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
    set_port(&address, n[4] << 8 | n[5]);
    return set_active(session, &address, "PORT");
}

/* "|family|host|port|" with any delimiter (RFC 2428 section 2). An IPv6 host may have a zone behind
 * it, which means nothing but to the client (RFC 4007 section 11.2). Returns 0, -EPROTONOSUPPORT
 * for another family than 1 and 2, or -EINVAL. */
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
    set_port(ret, (unsigned)port);
    return 0;
}

int verb_eprt(struct session *session, const char *argument) {
    union address address;
    int result = parse_eprt(argument, &address);
    if (result == -EPROTONOSUPPORT)
        return refuse_protocol(session);
    if (result < 0)
        return reply_send(session, 501, "EPRT wants |1|host|port| or |2|host|port|");
    if ((address.any.sa_family == AF_INET6) != is_ipv6(session))
        return refuse_protocol(session);
    return set_active(session, &address, "EPRT");
}

/* Waits until somebody of the client's host has come. Returns a socket or a negative errno. */
static int accept_data(struct session *session) {
    struct passive *passive = &session->data.passive;
    long long deadline = clock_deadline(session->config->connect_timeout);
    long long probe = clock_ms() + PROBE_TIME;
    int fd;
    passive_extend(passive, deadline);
    for (;;) {
        passive_attend(passive, &session->peer, session->log);
        fd = passive_take(passive, clock_ms() >= probe || passive->listener < 0);
        if (fd >= 0)
            break;
        if (!passive_is_open(passive))
            return passive->error < 0 ? passive->error : -ETIMEDOUT;
        long long until = passive->count > 0 && probe < deadline ? probe : deadline;
        int result = session_wait_or_news(session, -1, 0, until);
        if (result != -EINTR && result != -ETIMEDOUT)
            return result;
    }
    if (!session->data.meets)
        passive_limit(passive, clock_ms() + GUARD_TIME);
    return fd;
}

/* Connects to where the client waits. From our own address, for the client may know only that. */
static int connect_data(struct session *session) {
    const union address *to = &session->data.active;
    union address from = listen_address(session);
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    const int on = 1;
    int error = 0;
    socklen_t length = sizeof(error);
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)); /* as in passive */
    int result = bind(fd, &from.any, length_of(&from)) < 0
                     ? -errno
                     : dial_connect(&session->dial, fd, port_of(to));
    if (result == 0 || result == -EINPROGRESS)
        result =
            session_wait(session, fd, POLLOUT, clock_deadline(session->config->connect_timeout));
    if (result == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        result = -errno;
    if (result == 0 && error == 0)
        return fd;
    (void)close(fd);
    return result < 0 ? result : -error;
}

/* Waits until something has come over a new connection, or its end. Returns 0, -DATA_OTHER_SPEAKS
 * when something comes over another one first, or another negative errno. */
static int await_first(struct session *session, int fd) {
    long long deadline = clock_deadline(session->config->connect_timeout);
    while (passive_look(fd) == CALLER_SILENT) {
        if (passive_speaks(&session->data.passive))
            return -DATA_OTHER_SPEAKS;
        int result = session_wait_or_news(session, fd, POLLIN, deadline);
        if (result < 0 && result != -EINTR)
            return result;
    }
    return 0;
}

static int secure(struct session *session, struct conn *conn) {
    if (!session->secure.is_private)
        return 0;
    int result = await_first(session, conn->in);
    if (result == -ETIMEDOUT)
        (void)snprintf(session->secure.error, TLS_ERROR_SIZE, "TLS: it took too long");
    return result < 0 ? result : secure_data(session, conn);
}

/* Makes one connection, whatever others there are. */
static int open_one(struct session *session, struct conn *ret_wire) {
    bool is_active = session->data.active.any.sa_family != AF_UNSPEC;
    session->secure.error[0] = '\0';
    session->data.awaited = true;
    int fd = is_active ? connect_data(session) : accept_data(session);
    session->data.awaited = false;
    if (is_active)
        data_reset(&session->data);
    if (fd < 0)
        return fd;
    conn_open_socket(ret_wire, fd);
    int result = secure(session, ret_wire);
    if (result == -DATA_OTHER_SPEAKS)
        data_give_back(session, ret_wire);
    else if (result < 0)
        data_disconnect(ret_wire);
    return result;
}

/* Is it the connection that failed, and not the transfer? */
static bool is_its_own(int error) {
    return error != -ECANCELED && error != -ESHUTDOWN && error != -ENOTCONN;
}

/* Has a connection failed in whose place another one waits, or comes soon? */
static bool may_try_another(struct session *session, int result, int time) {
    return result < 0 && is_its_own(result) && data_has_other(session, time);
}

void data_meet(struct session *session) {
    struct data *data = &session->data;
    if (!session->secure.is_private)
        return;
    passive_attend(&data->passive, &session->peer, session->log);
    data->meets = true;
    data->meet_until = clock_ms() + MEET_TIME;
    while (data->met == -EAGAIN && passive_speaks(&data->passive) &&
           clock_ms() < data->meet_until) {
        int result = open_one(session, &data->early);
        if (!may_try_another(session, result, 0))
            data->met = result;
    }
    data->meets = false;
}

int data_connect(struct session *session, struct conn *ret_wire) {
    int result = session->data.met;
    session->data.met = -EAGAIN;
    if (result == 0) {
        *ret_wire = session->data.early;
        passive_limit(&session->data.passive, clock_ms() + GUARD_TIME);
    } else if (result == -EAGAIN)
        result = open_one(session, ret_wire);
    while (may_try_another(session, result, PROBE_TIME))
        result = open_one(session, ret_wire);
    if (result == 0)
        transcript_connected(session);
    return result;
}

bool data_has_other(struct session *session, int time) {
    struct passive *passive = &session->data.passive;
    long long deadline = clock_ms() + time;
    passive_attend(passive, &session->peer, session->log);
    while (passive->count == 0 && passive->listener >= 0 &&
           session_wait_or_news(session, -1, 0, deadline) == -EINTR) {
    }
    return passive->count > 0;
}

void data_give_back(struct session *session, const struct conn *conn) {
    passive_give_back(&session->data.passive, conn->in);
}

bool data_is_contested(struct session *session, bool may_wait) {
    struct passive *passive = &session->data.passive;
    long long deadline = clock_ms() + (may_wait ? RIVAL_TIME : 0);
    if (session->data.is_proven)
        return false;
    for (;;) {
        passive_attend(passive, &session->peer, session->log);
        enum rivals rivals = passive_rivals(passive);
        if (rivals != RIVALS_SILENT)
            return rivals == RIVALS_SPEAK;
        if (!may_wait)
            return false;
        if (session_wait_or_news(session, -1, 0, deadline) != -EINTR) /* it may be the client's */
            return true;
    }
}

bool data_has_rival(struct session *session) {
    struct passive *passive = &session->data.passive;
    passive_attend(passive, &session->peer, session->log);
    return !session->data.is_proven && passive_rivals(passive) != RIVALS_NONE;
}

const char *data_reason(const struct session *session, int error) {
    if (*session->secure.error)
        return session->secure.error;
    return error == -ETIMEDOUT ? "nobody connected in time" : strerror(-error);
}

bool data_drain(struct session *session, struct conn *conn, long long deadline) {
    static char dropped[DROP_SIZE];
    ssize_t n;
    do {
        int fd;
        short events = conn_reading(conn, &fd);
        int result = conn_has_more(conn) ? 0 : session_wait(session, fd, events, deadline);
        if (result < 0 || clock_ms() >= deadline || control_stopped(&session->control))
            return false;
        n = conn_read(conn, dropped, sizeof(dropped));
    } while (n > 0 || n == -EAGAIN);
    return n == 0;
}

void data_disconnect(struct conn *conn) {
    conn_bare(conn);
    (void)close(conn->in);
}
