#include "wire.h"

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

int wire_connect(struct wire *w, const struct sockaddr *address, socklen_t size) {
    int error = 0;
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *w = (struct wire){.fd = fd, .reading = POLLIN, .writing = POLLOUT};
    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address, size) < 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;
        if (errno == EINPROGRESS && poll_again(&p, 1, WIRE_CONNECT_MS) == 0)
            error = ETIMEDOUT;
        else if (errno != EINPROGRESS || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
            error = errno;
    }
    if (error != 0)
        wire_close(w);
    return -error;
}

int wire_secure(struct wire *w, struct tls_context *context, const struct wire *beside) {
    w->tls = stord_tls.open(context, w->fd, w->fd, beside ? beside->tls : NULL);
    w->shaking = w->tls;
    return w->tls ? 0 : -ENOMEM;
}

int wire_handshake(struct wire *w) {
    int result = stord_tls.handshake(w->tls);
    w->writing = result == -EAGAIN ? stord_tls.events(w->tls) : POLLOUT;
    w->shaking = result != 0;
    return result;
}

ssize_t wire_read(struct wire *w, void *bytes, size_t n) {
    ssize_t got;
    if (!w->tls) {
        got = recv(w->fd, bytes, n, 0);
        return got < 0 ? -errno : got;
    }
    got = stord_tls.read(w->tls, bytes, n);
    w->more = got > 0 && (size_t)got == n;
    w->reading = got == -EAGAIN ? stord_tls.events(w->tls) : POLLIN;
    w->writing = POLLOUT; /* what a write waited for may have come */
    return got;
}

ssize_t wire_write(struct wire *w, const void *bytes, size_t n) {
    ssize_t put;
    if (!w->tls) {
        put = write(w->fd, bytes, n);
        return put < 0 ? -errno : put;
    }
    put = stord_tls.write(w->tls, bytes, n);
    w->writing = put == -EAGAIN ? stord_tls.events(w->tls) : POLLOUT;
    return put;
}

int wire_end(struct wire *w) {
    if (!w->tls) {
        (void)shutdown(w->fd, SHUT_WR); /* where it fails, the server's last words count */
        return 0;
    }
    int result = stord_tls.end(w->tls);
    w->writing = result == -EAGAIN ? stord_tls.events(w->tls) : POLLOUT;
    return result;
}

void wire_end_by_reset(struct wire *w, bool reset) {
    struct linger linger = {.l_onoff = reset, .l_linger = 0};
    (void)setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    w->resets = reset;
}

void wire_close(struct wire *w) {
    if (w->tls && !w->shaking && !w->resets)
        (void)stord_tls.end(w->tls);
    stord_tls.free_stream(w->tls);
    if (w->fd >= 0)
        (void)close(w->fd);
    *w = (struct wire){.fd = -1};
}

const char *wire_reason(const struct wire *w, ssize_t result) {
    if (result == TLS_TRUNCATED)
        return "the server ended the connection without ending TLS";
    if (result == TLS_BROKEN && w->tls)
        return stord_tls.error(w->tls);
    return strerror((int)-result);
}
