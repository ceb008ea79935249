#include "data.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reply.h"
#include "session.h"

enum { BACKLOG = 8 }; /* room for strangers' connections, which are closed one by one */

void data_init(struct data *data) {
    *data = (struct data){.listener = -1};
}

bool data_prepared(const struct data *data) {
    return data->listener >= 0;
}

void data_reset(struct data *data) {
    if (data->listener >= 0)
        (void)close(data->listener);
    data->listener = -1;
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

/* Listens for a data connection. *ret_bound: where. Returns 0 or a negative errno. */
static int listen_for_data(struct session *session, union address *ret_bound) {
    data_reset(&session->data);
    union address address = listen_address(session);
    socklen_t length = address.any.sa_family == AF_INET6 ? sizeof(address.in6) : sizeof(address.in);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, &address.any, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, &address.any, &length) < 0) {
        int error = -errno;
        (void)close(fd);
        return error;
    }
    session->data.listener = fd;
    *ret_bound = address;
    return 0;
}

int verb_pasv(struct session *session, const char *argument) {
    (void)argument;
    if (session->data.extended_only)
        return reply_send(session, 501, "Only EPSV is served after EPSV ALL");
    if (is_ipv6(session))
        return reply_send(session, 502, "PASV is for IPv4; use EPSV");
    union address bound = {0};
    int result = listen_for_data(session, &bound);
    if (result < 0)
        return reply_failure(session, "Cannot listen for data", result);
    uint32_t host = ntohl(bound.in.sin_addr.s_addr);
    unsigned port = ntohs(bound.in.sin_port);
    return reply_send(session, 227, "Entering Passive Mode (%u,%u,%u,%u,%u,%u)", host >> 24,
                      host >> 16 & 255, host >> 8 & 255, host & 255, port >> 8, port & 255);
}

int verb_epsv(struct session *session, const char *argument) {
    if (strcasecmp(argument, "ALL") == 0) {
        session->data.extended_only = true;
        return reply_send(session, 200, "From now on only EPSV is served");
    }
    /* RFC 2428: 1 is IPv4, 2 is IPv6 */
    const char *here = is_ipv6(session) ? "2" : "1";
    if (*argument && strcmp(argument, here) != 0)
        return reply_send(session, strlen(argument) == strspn(argument, "0123456789") ? 522 : 501,
                          "Network protocol not supported, use (%s)", here);
    union address bound = {0};
    int result = listen_for_data(session, &bound);
    if (result < 0)
        return reply_failure(session, "Cannot listen for data", result);
    in_port_t port = is_ipv6(session) ? bound.in6.sin6_port : bound.in.sin_port;
    return reply_send(session, 229, "Entering Extended Passive Mode (|||%u|)", ntohs(port));
}

/* Takes one connection if it comes from the host it must come from. Returns a socket, -EAGAIN
 * when there is none to take, or another negative errno. */
static int take_connection(const struct session *session) {
    union address from = {0};
    socklen_t length = sizeof(from);
    int fd = accept4(session->data.listener, &from.any, &length, SOCK_CLOEXEC);
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (peer_may_send(&session->peer, &from))
        return fd;
    char text[PEER_TEXT_SIZE];
    peer_format(&from, text);
    log_event(session->log, LOG_LEVEL_WARNING, "Refused data connection from %s: not the client",
              text);
    (void)close(fd);
    return -EAGAIN;
}

int data_connect(struct session *session) {
    int result;
    do {
        result =
            session_wait(session, session->data.listener, POLLIN, session->config->connect_timeout);
        if (result == 0)
            result = take_connection(session);
    } while (result == -EAGAIN);
    data_reset(&session->data);
    return result;
}
