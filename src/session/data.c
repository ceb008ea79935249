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
    MEET_TIME = 10000,   /* ms that all handshakes before 150 may take together */
    GUARD_TIME = 5000,   /* ms that a transfer keeps listening for another connection */
    RIVAL_TIME = 1000,   /* ms that a silent one may take to end, after the transfer, */
    PROBE_TIME = 1000,   /* and that the client may take to connect after one that has ended */
    PORT_TIME = 6000,    /* ms to wait for a port that a transfer of another session has, */
    PORT_STEP = 50       /* and between two tries */
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
    if (session->given->config->no_data_connections)
        return reply_send(session, 425,
                          "Only inline uploads are served: connect again, and do not ask for "
                          "data connections");
    if (passive->expired)
        return reply_send(session, 425,
                          "No data connection came within %u seconds: use PASV or EPSV again",
                          session->given->config->connect_timeout);
    if (passive->error < 0)
        return reply_send(session, 425, "Cannot open data connection: %s",
                          strerror(-passive->error));
    return reply_send(session, 425, "Use PASV, EPSV, PORT or EPRT first");
}

void data_finish(struct session *session) {
    struct data *data = &session->data;
    if (!data_prepared(data))
        return;
    if (passive_is_open(&data->passive)) /* who is refused need not connect */
        data->unused = 0;
    if (data->passive.taken) {
        data_reset(data);
        return;
    }
    passive_retire(&data->passive, session->given->peer, session->given->log);
    data->active = ADDRESS_NONE;
    data->spent = true;
}

void data_reset(struct data *data) {
    data->reached = data->reached || passive_was_reached(&data->passive);
    passive_close(&data->passive);
    if (data->met == 0)
        data_disconnect(&data->early);
    data->met = -EAGAIN;
    data->spent = data->is_proven = false;
    data->active = ADDRESS_NONE;
}

union address data_address(const struct session *session) {
    union address address = session->given->peer->here;
    bool has_own = address_is_inet(&address);
    if (!has_own && session->given->peer->address.any.sa_family == AF_INET6)
        return (union address){
            .in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    if (!has_own)
        return (union address){
            .in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    address_set_port(&address, 0);
    return address;
}

bool data_is_ipv6(const struct session *session) {
    return data_address(session).any.sa_family == AF_INET6;
}

/* Listens for a data connection on a port of the range, starting anywhere in it, so that sessions
 * do not try the same ports and strangers cannot guess. Returns 0 or a negative errno. */
static int listen_in_range(struct session *session) {
    struct port_range range = session->given->config->passive_ports;
    unsigned count = range.first ? range.last - range.first + 1U : 1U, start = 0;
    union address address = data_address(session);
    if (count > 1 && getrandom(&start, sizeof(start), 0) != (ssize_t)sizeof(start))
        return -errno;
    int result = -EADDRINUSE;
    for (unsigned i = 0; i < count && result == -EADDRINUSE; i++) {
        address_set_port(&address, range.first ? range.first + (start + i) % count : 0);
        result = passive_listen(&session->data.passive, &address,
                                clock_deadline(session->given->config->connect_timeout));
    }
    return result;
}

int data_listen(struct session *session, unsigned *ret_port) {
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
    *ret_port = session->data.unused = address_port(&address);
    return 0;
}

unsigned data_unused(const struct data *data) {
    return data->reached || passive_was_reached(&data->passive) ? 0 : data->unused;
}

void data_set_active(struct data *data, const union address *address) {
    data_reset(data);
    data->active = *address;
}

void data_use(struct data *data) {
    data->used = true;
}

void data_extend_only(struct data *data) {
    data->extended_only = true;
}

void data_forget(struct data *data) {
    data_reset(data);
    data->extended_only = false;
}

/* Waits for a connection from the client's host. Returns a socket or a negative errno. */
static int accept_data(struct session *session) {
    struct passive *passive = &session->data.passive;
    long long deadline = clock_deadline(session->given->config->connect_timeout);
    long long probe = clock_ms() + PROBE_TIME;
    int fd;
    passive_extend(passive, deadline);
    for (;;) {
        passive_look_around(passive, session->given->peer, session->given->log);
        fd = passive_take(passive, clock_ms() >= probe || passive->listener < 0);
        if (fd >= 0)
            break;
        if (!passive_is_open(passive))
            return passive->error < 0 ? passive->error : -ETIMEDOUT;
        long long until = passive->count > 0 && probe < deadline ? probe : deadline;
        int result = watch_or_news(session, -1, 0, until);
        if (result != -EINTR && result != -ETIMEDOUT)
            return result;
    }
    if (!session->watch.is_deaf)
        passive_limit(passive, clock_ms() + GUARD_TIME);
    return fd;
}

/* Connects to where the client waits, from the address that the client knows us by. */
static int connect_data(struct session *session) {
    const union address *to = &session->data.active;
    union address from = data_address(session);
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    const int on = 1;
    int error = 0;
    socklen_t length = sizeof(error);
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)); /* as in passive */
    int result = bind(fd, &from.any, address_length(&from)) < 0
                     ? -errno
                     : dial_connect(session->given->dial, fd, address_port(to));
    if (result == 0 || result == -EINPROGRESS)
        result = watch_wait(session, fd, POLLOUT,
                            clock_deadline(session->given->config->connect_timeout));
    if (result == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        result = -errno;
    if (result == 0 && error == 0)
        return fd;
    (void)close(fd);
    return result < 0 ? result : -error;
}

/* Waits for bytes on a new connection, or its end. Returns 0, -DATA_OTHER_SPEAKS if bytes come over
 * another one first, or another negative errno. */
static int await_first(struct session *session, int fd) {
    long long deadline = clock_deadline(session->given->config->connect_timeout);
    while (passive_look(fd) == CALLER_SILENT) {
        if (passive_speaks(&session->data.passive))
            return -DATA_OTHER_SPEAKS;
        int result = watch_or_news(session, fd, POLLIN, deadline);
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
        secure_fail(&session->secure, "it took too long");
    if (result == 0)
        result = secure_data(session, conn);
    if (result == 0)
        session->data.is_proven = session->secure.resumed;
    return result;
}

/* Makes one connection. */
static int open_one(struct session *session, struct conn *ret_conn) {
    bool is_active = session->data.active.any.sa_family != AF_UNSPEC;
    secure_forget_error(&session->secure);
    watch_be_brief(&session->watch);
    if (!is_active) /* the transfer tells what comes of it */
        session->data.unused = 0;
    int fd = is_active ? connect_data(session) : accept_data(session);
    watch_be_patient(&session->watch);
    if (is_active)
        data_reset(&session->data);
    if (fd < 0)
        return fd;
    conn_open_socket(ret_conn, fd);
    int result = secure(session, ret_conn);
    if (result == -DATA_OTHER_SPEAKS)
        data_give_back(session, ret_conn);
    else if (result < 0)
        data_disconnect(ret_conn);
    return result;
}

/* Has the connection failed, and not the transfer? */
static bool is_its_own(int error) {
    return error != -ECANCELED && error != -ESHUTDOWN && error != -ENOTCONN;
}

/* Has a connection failed, and another one waits or comes within `time` ms? */
static bool may_try_another(struct session *session, int result, int time) {
    return result < 0 && is_its_own(result) && data_has_other(session, time);
}

void data_meet(struct session *session) {
    struct data *data = &session->data;
    if (!session->secure.is_private)
        return;
    passive_look_around(&data->passive, session->given->peer, session->given->log);
    watch_be_deaf(&session->watch, true);
    data->meet_until = clock_ms() + MEET_TIME;
    while (data->met == -EAGAIN && passive_speaks(&data->passive) &&
           clock_ms() < data->meet_until) {
        int result = open_one(session, &data->early);
        if (!may_try_another(session, result, 0))
            data->met = result;
    }
    watch_be_deaf(&session->watch, false);
}

int data_connect(struct session *session, struct conn *ret_conn) {
    int result = session->data.met;
    session->data.met = -EAGAIN;
    if (result == 0) {
        *ret_conn = session->data.early;
        passive_limit(&session->data.passive, clock_ms() + GUARD_TIME);
    } else if (result == -EAGAIN)
        result = open_one(session, ret_conn);
    while (may_try_another(session, result, PROBE_TIME))
        result = open_one(session, ret_conn);
    if (result == 0)
        transcript_connected(session);
    return result;
}

bool data_has_other(struct session *session, int time) {
    struct passive *passive = &session->data.passive;
    long long deadline = clock_ms() + time;
    passive_look_around(passive, session->given->peer, session->given->log);
    while (passive->count == 0 && passive->listener >= 0 &&
           watch_or_news(session, -1, 0, deadline) == -EINTR) {
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
        if (may_wait)
            passive_look_around(passive, session->given->peer, session->given->log);
        enum rivals rivals = passive_rivals(passive);
        if (rivals != RIVALS_SILENT)
            return rivals == RIVALS_SPEAK;
        if (!may_wait)
            return false;
        if (watch_or_news(session, -1, 0, deadline) != -EINTR) /* it may be the client's */
            return true;
    }
}

bool data_has_rival(struct session *session) {
    struct passive *passive = &session->data.passive;
    passive_look_around(passive, session->given->peer, session->given->log);
    return !session->data.is_proven && passive_rivals(passive) != RIVALS_NONE;
}

const char *data_reason(const struct session *session, int error) {
    if (*session->secure.error)
        return session->secure.error;
    return error == -ETIMEDOUT ? "no connection was made in time" : strerror(-error);
}

bool data_drain(struct session *session, struct conn *conn, long long deadline) {
    static char dropped[DROP_SIZE];
    ssize_t n;
    do {
        int fd;
        short events = conn_reading(conn, &fd);
        int result = conn_has_more(conn) ? 0 : watch_wait(session, fd, events, deadline);
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
