#include "client/send.h"

#include <errno.h>
#include <stdint.h>
#include <sys/sendfile.h>

#include "client/say.h"

/* Takes the replies that have come. Whether one of them is the final one (c->early), or the session
 * is lost. */
static bool is_over(struct control *c) {
    while (control_take_reply(c)) {
        c->early = !control_goes_on(c);
        if (c->early)
            return true;
        reply_reset(&c->reply);
    }
    return c->eof;
}

/*
 * Waits until out is ready for the next write, and meanwhile listens to the server. False: it sent
 * the final reply (c->early), or the session is lost.
 */
static bool may_send(struct control *c, const struct conn *out) {
    bool ready = false;
    while (!is_over(c)) {
        struct pollfd p[2] = {{.fd = out->fd, .events = out->writing},
                              {.fd = c->conn.fd, .events = c->conn.reading}};
        if (ready)
            return true;
        int events = poll_again(p, 2, c->conn.more ? 0 : control_left(c));
        if (c->conn.more || p[1].revents)
            control_receive(c);
        else if (events <= 0)
            control_stall(c, "the server takes no more bytes");
        ready = p[0].revents != 0;
    }
    return false;
}

static bool is_again(ssize_t result) {
    return result == -EAGAIN || result == -EINTR;
}

/* The handshake of a data connection: behind the 150, for then the server expects it, and before
 * anything else, also where there are no bytes to send (RFC 4217, 7). */
static enum sent shake_hands(struct control *c, struct conn *out, const struct source *f) {
    while (out->shaking) {
        int result = conn_handshake(out);
        if (result == -EAGAIN && may_send(c, out))
            continue;
        if (result < 0 && result != -EAGAIN)
            complain("%s: data connection: TLS: %s", f->path, conn_reason(out, result));
        if (result < 0)
            return SENT_STOPPED;
    }
    return SENT_ALL;
}

/* Sends some bytes of the source by way of its buffer. Returns how many, 0 at its end, or -errno.
 * The time that a pipe takes to give bytes is not the server's. */
static ssize_t copy_some(struct control *c, struct conn *out, struct source *f, size_t max) {
    bool is_empty = f->at == f->have;
    ssize_t n = source_fill(f, max);
    if (is_empty)
        control_begin_wait(c);
    if (n > 0)
        n = conn_write(out, f->buf + f->at, (size_t)n);
    else if (n < 0)
        return -EAGAIN;
    if (n > 0)
        f->at += (size_t)n;
    return n;
}

static ssize_t send_some(struct control *c, struct conn *out, struct source *f, size_t max) {
    if (f->copy)
        return copy_some(c, out, f, max);
    ssize_t n = sendfile(out->fd, f->fd, NULL, max);
    return n < 0 ? -errno : n;
}

/* Sends as many bytes as the source had, or up to its end where that is unknown. */
static enum sent send_bytes(struct control *c, struct conn *out, struct source *f) {
    const size_t most = 0x10000000;
    f->copy |= out->tls != NULL;
    while (f->left != 0) {
        if (!may_send(c, out))
            return SENT_STOPPED;
        size_t max = f->left > 0 && (uintmax_t)f->left < most ? (size_t)f->left : most;
        ssize_t n = send_some(c, out, f, max);
        if (n > 0)
            control_begin_wait(c);
        if (n > 0 && f->left > 0)
            f->left -= n;
        if (n == 0)
            return source_is_whole(f) ? SENT_ALL : SENT_SHORT;
        if (n < 0 && !is_again(n)) {
            if (f->copy)
                return SENT_STOPPED;
            f->copy = true; /* some file systems know no sendfile; other errors come again */
        }
    }
    return SENT_ALL;
}

/* Whether the server has sent the final reply, before it was told that this was all: then it is not
 * about all of it. */
static bool has_spoken(struct control *c) {
    while (!is_over(c))
        if (!control_listen(c))
            return c->eof;
    return true;
}

/* Tells the server that this was all. */
static enum sent send_end(struct control *c, struct conn *out) {
    int result;
    while ((result = conn_end(out)) == -EAGAIN)
        if (!may_send(c, out))
            break;
    return result == 0 ? SENT_ALL : SENT_STOPPED;
}

enum sent send_file(struct control *c, struct conn *out, struct source *f, bool ends) {
    bool ends_by_connection = ends || out != &c->conn;
    reply_reset(&c->reply);
    control_begin_wait(c);
    enum sent sent = shake_hands(c, out, f);
    if (sent == SENT_ALL)
        sent = send_bytes(c, out, f);
    if (sent == SENT_ALL && ends_by_connection && has_spoken(c))
        sent = SENT_STOPPED;
    if (sent == SENT_ALL)
        conn_end_by_reset(out, false);
    if (sent == SENT_ALL && ends)
        sent = send_end(c, out);
    return sent;
}
