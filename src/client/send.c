#include "client/send.h"

#include <errno.h>
#include <stdint.h>
#include <sys/sendfile.h>

#include "client/outgoing.h"
#include "client/say.h"

/* Takes the replies that have come. Returns whether one of them is the final one (control->early),
 * or the session is lost. */
static bool is_over(struct control *control) {
    while (control_take_reply(control)) {
        control->early = !control_goes_on(control);
        if (control->early)
            return true;
        reply_reset(&control->reply);
    }
    return control->ended;
}

/*
 * Waits until `out` is ready for the next write, and meanwhile reads what the server says. False:
 * that was the final reply (control->early), or the session is lost.
 */
static bool may_send(struct control *control, const struct conn *out) {
    bool ready = false;
    while (!is_over(control)) {
        struct pollfd fds[] = {outgoing_to_write(out), outgoing_to_read(&control->conn)};
        bool more = conn_has_more(&control->conn);
        if (ready)
            return true;
        int events = outgoing_poll(fds, 2, more ? 0 : control_left(control));
        if (more || fds[1].revents)
            control_receive(control);
        else if (events <= 0)
            control_stall(control, "the server takes no more bytes");
        ready = fds[0].revents != 0;
    }
    return false;
}

/* The handshake of a data connection: after the 150, when the server expects it, and before
 * anything else, even if there are no bytes to send (RFC 4217, 7). */
static bool shake_hands(struct control *control, struct conn *data, const struct source *source) {
    int result;
    while ((result = outgoing_handshake(data)) == -EAGAIN)
        if (!may_send(control, data))
            return false;
    if (result < 0)
        say_error("%s: data connection: TLS: %s", source->path,
                  outgoing_handshake_reason(data, result));
    return result == 0;
}

/* Writes some of the bytes that were read; returns as send_some. The time of reading, as from a
 * terminal, does not count as the server's. */
static ssize_t copy_some(struct control *control, struct conn *out, struct source *source,
                         size_t most) {
    bool is_empty = source->start == source->end;
    ssize_t n = source_fill(source, most);
    if (is_empty)
        control_begin_wait(control);
    if (n > 0)
        n = outgoing_write(out, source->buffer + source->start, (size_t)n);
    if (n > 0)
        source->start += (size_t)n;
    return n;
}

/* Sends up to `most` bytes. Returns how many, 0 at the end of the source, or a negative errno. */
static ssize_t send_some(struct control *control, struct conn *out, struct source *source,
                         size_t most) {
    if (source->copy)
        return copy_some(control, out, source, most);
    ssize_t n = sendfile(out->out, source->fd, NULL, most);
    if (n < 0)
        return conn_is_passing(errno) ? -EAGAIN : -errno;
    return n;
}

/* Sends as many bytes as the source had, or up to its end if its size is unknown. */
static enum sent send_bytes(struct control *control, struct conn *out, struct source *source) {
    const size_t most = 0x10000000;
    source->copy |= out->tls != NULL;
    while (source->left != 0) {
        bool last = source->left > 0 && (uintmax_t)source->left < most;
        if (!may_send(control, out))
            return SENT_STOPPED;
        ssize_t n = send_some(control, out, source, last ? (size_t)source->left : most);
        if (n > 0)
            control_begin_wait(control);
        if (n > 0 && source->left > 0)
            source->left -= n;
        if (n == 0)
            return source_is_whole(source) ? SENT_ALL : SENT_SHORT;
        if (n < 0 && n != -EAGAIN) {
            if (source->copy)
                return SENT_STOPPED;
            source->copy = true; /* some file systems have no sendfile; other errors recur */
        }
    }
    return SENT_ALL;
}

/* Tells whether the server has sent the final reply too early: before the end of the file. */
static bool has_spoken(struct control *control) {
    while (!is_over(control))
        if (!control_listen(control))
            return control->ended;
    return true;
}

/* Tells the server that this was all. */
static enum sent send_end(struct control *control, struct conn *out) {
    int result;
    while ((result = outgoing_end(out)) == -EAGAIN)
        if (!may_send(control, out))
            break;
    return result == 0 ? SENT_ALL : SENT_STOPPED;
}

enum sent send_source(struct control *control, struct conn *out, struct source *source, bool ends) {
    bool is_data = out != &control->conn;
    reply_reset(&control->reply);
    control_begin_wait(control);
    if (is_data && out->tls && !shake_hands(control, out, source))
        return SENT_STOPPED;
    enum sent sent = send_bytes(control, out, source);
    if (sent != SENT_ALL)
        return sent;
    if ((ends || is_data) && has_spoken(control))
        return SENT_STOPPED;
    outgoing_end_by_reset(out, false);
    return ends ? send_end(control, out) : SENT_ALL;
}
