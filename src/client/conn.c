#include "client/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

int poll_again(struct pollfd *fds, nfds_t n, int ms) {
    int ready;
    do
        ready = poll(fds, n, ms);
    while (ready < 0 && errno == EINTR);
    return ready;
}

int conn_connect(struct conn *c, const struct sockaddr *address, socklen_t size) {
    int error = 0;
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *c = (struct conn){.fd = fd, .reading = POLLIN, .writing = POLLOUT};
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address, size) < 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;
        if (errno == EINPROGRESS && poll_again(&p, 1, CONN_CONNECT_MS) == 0)
            error = ETIMEDOUT;
        else if (errno != EINPROGRESS || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
            error = errno;
    }
    if (error != 0)
        conn_close(c);
    return -error;
}

/* What poll has to wait for, behind a function of TLS that returned this: usually, unless it has to
 * be done again and wants the other direction first. */
static short wanted(const struct conn *c, ssize_t result, short usually) {
    if (result != -EAGAIN)
        return usually;
    return stord_tls.events(c->tls) == POLLOUT ? POLLOUT : POLLIN;
}

int conn_secure(struct conn *c, struct tls_context *context, const struct conn *beside) {
    c->tls = stord_tls.open(context, c->fd, c->fd, beside ? beside->tls : NULL);
    c->shaking = c->tls;
    return c->tls ? 0 : -ENOMEM;
}

int conn_handshake(struct conn *c) {
    int result = stord_tls.handshake(c->tls);
    c->writing = wanted(c, result, POLLOUT);
    c->shaking = result != 0;
    c->more = result == 0 && stord_tls.has_buffered(c->tls);
    return result;
}

ssize_t conn_read(struct conn *c, void *bytes, size_t n) {
    ssize_t got;
    if (!c->tls) {
        got = recv(c->fd, bytes, n, 0);
        return got < 0 ? -errno : got;
    }
    got = stord_tls.read(c->tls, bytes, n);
    c->more = stord_tls.has_buffered(c->tls);
    c->reading = wanted(c, got, POLLIN);
    c->writing = POLLOUT; /* what a write waited for may have come */
    return got;
}

ssize_t conn_write(struct conn *c, const void *bytes, size_t n) {
    const char *from = bytes;
    size_t total = 0;
    ssize_t put;
    if (!c->tls) {
        put = write(c->fd, bytes, n);
        return put < 0 ? -errno : put;
    }
    do { /* each call makes one record */
        put = stord_tls.write(c->tls, from + total, n - total);
        total += put > 0 ? (size_t)put : 0;
    } while (put > 0 && total < n);
    c->writing = wanted(c, put, POLLOUT);
    return total > 0 ? (ssize_t)total : put;
}

int conn_end(struct conn *c) {
    if (!c->tls) {
        (void)shutdown(c->fd, SHUT_WR); /* where it fails, the server's last words count */
        return 0;
    }
    int result = stord_tls.end(c->tls);
    c->writing = wanted(c, result, POLLOUT);
    return result;
}

void conn_end_by_reset(struct conn *c, bool reset) {
    struct linger linger = {.l_onoff = reset, .l_linger = 0};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    c->resets = reset;
}

void conn_close(struct conn *c) {
    if (c->tls && !c->shaking && !c->resets)
        (void)stord_tls.end(c->tls);
    stord_tls.free_stream(c->tls);
    if (c->fd >= 0)
        (void)close(c->fd);
    *c = (struct conn){.fd = -1};
}

const char *conn_reason(const struct conn *c, ssize_t result) {
    if (result == TLS_TRUNCATED && c->shaking)
        return "the server closed the connection in the handshake";
    if (result == TLS_TRUNCATED)
        return "the server ended the connection without ending TLS";
    if (result == TLS_BROKEN && c->tls)
        return stord_tls.error(c->tls);
    return strerror((int)-result);
}
