#include "client/outgoing.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/await.h"
#include "client/program.h"

struct pollfd outgoing_to_read(const struct conn *conn) {
    struct pollfd ready = {0};
    ready.events = conn_reading(conn, &ready.fd);
    return ready;
}

struct pollfd outgoing_to_write(const struct conn *conn) {
    struct pollfd ready = {0};
    ready.events = conn_writing(conn, &ready.fd);
    return ready;
}

/* Waits for connect(2), which has begun. Returns 0 or a negative errno. */
static int await_connection(int fd, int timeout) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);
    if (await_poll(&poll_fd, 1, timeout * 1000) == 0)
        return -ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? -errno : -error;
}

/* Binds and connects. */
static int connect_from(int fd, const struct outgoing_rules *rules, const struct sockaddr *address,
                        socklen_t size) {
    const struct sockaddr *from = (const struct sockaddr *)&rules->from;
    if (rules->from_size > 0 && bind(fd, from, rules->from_size) < 0)
        return -errno;
    int result = connect(fd, address, size) < 0 ? -errno : 0;
    return result == -EINPROGRESS ? await_connection(fd, rules->timeout) : result;
}

int outgoing_open(struct conn *ret_conn, const struct outgoing_rules *rules,
                  const struct sockaddr *address, socklen_t size) {
    const int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn_open_socket(ret_conn, fd);
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int result = connect_from(fd, rules, address, size);
    if (result < 0)
        outgoing_close(ret_conn);
    return result;
}

void outgoing_adopt(struct conn *ret_conn, int fd) {
    conn_open_socket(ret_conn, fd);
}

int outgoing_secure(struct conn *conn, struct tls_context *context, const struct conn *beside) {
    struct tls_stream *tls =
        stord_tls.open(context, conn->in, conn->out, beside ? beside->tls : NULL);
    conn_secure(conn, &stord_tls, tls);
    return tls ? 0 : -ENOMEM;
}

int outgoing_handshake(struct conn *conn) {
    int result = conn_handshake(conn);
    conn->writing = POLLOUT;
    if (result == -EAGAIN)
        conn->writing = conn->reading;
    return result;
}

ssize_t outgoing_write(struct conn *conn, const void *bytes, size_t n) {
    const char *from = bytes;
    size_t total = 0;
    ssize_t written;
    do {
        written = conn_write(conn, from + total, n - total);
        total += written > 0 ? (size_t)written : 0;
    } while (written > 0 && total < n);
    return total > 0 ? (ssize_t)total : written;
}

int outgoing_end(struct conn *conn) {
    if (!conn->tls) {
        (void)shutdown(conn->out, SHUT_WR); /* if it fails, the server's last reply says more */
        return 0;
    }
    int result = stord_tls.end(conn->tls);
    conn->writing = POLLOUT;
    if (result == -EAGAIN)
        conn->writing = stord_tls.events(conn->tls);
    return result;
}

void outgoing_end_by_reset(struct conn *conn, bool reset) {
    struct linger linger = {.l_onoff = reset, .l_linger = 0};
    (void)setsockopt(conn->out, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static bool ends_by_reset(const struct conn *conn) {
    struct linger linger = {0};
    socklen_t size = sizeof(linger);
    return getsockopt(conn->out, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff;
}

void outgoing_close(struct conn *conn) {
    if (conn->in < 0)
        return;
    bool reset = ends_by_reset(conn);
    if (!reset)
        conn_end(conn);
    conn_bare(conn);
    program_forget(conn->in, reset);
    (void)close(conn->in);
    conn->in = conn->out = -1;
}

const char *outgoing_reason(const struct conn *conn, ssize_t result) {
    if (result == TLS_TRUNCATED)
        return "the server ended the connection without ending TLS";
    if (result == TLS_BROKEN && conn->tls)
        return conn_error(conn);
    return strerror((int)-result);
}

const char *outgoing_handshake_reason(const struct conn *conn, int result) {
    if (result == TLS_TRUNCATED)
        return "the server closed the connection in the handshake";
    return outgoing_reason(conn, result);
}
