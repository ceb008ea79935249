#include "client/send.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sysexits.h>

#include "base/await.h"
#include "client/limit.h"
#include "client/outgoing.h"
#include "client/progress.h"

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

/* Waits for `out`, if it is not NULL, or so many ms. Returns whether it is ready. */
static bool await(struct control *control, const struct conn *out, int timeout) {
    struct pollfd fds[] = {outgoing_to_read(&control->conn), {.fd = -1}};
    bool more = conn_has_more(&control->conn);
    int left = control_left(control);
    if (out)
        fds[1] = outgoing_to_write(out);
    int events = await_poll(fds, 2, more ? 0 : timeout < left ? timeout : left);
    if (more || fds[0].revents)
        control_receive(control);
    else if (events <= 0 && timeout >= left)
        control_stall(control, "the server takes no more bytes");
    return fds[1].revents != 0;
}

/*
 * Waits until `out` is ready for the next write, and meanwhile reads what the server says. False:
 * that was the final reply (control->early), or the session is lost.
 */
static bool may_send(struct control *control, const struct conn *out) {
    bool ready = false;
    while (!is_over(control)) {
        if (ready)
            return true;
        ready = await(control, out, INT_MAX);
    }
    return false;
}

/* Waits until --limit-rate allows to send. Returns how many bytes, or 0: see may_send. */
static size_t await_limit(struct control *control, size_t most) {
    int wait;
    size_t allowed;
    while ((allowed = limit_allows(most, &wait)) == 0) {
        control_begin_wait(control);
        (void)await(control, NULL, wait);
        if (is_over(control))
            return 0;
    }
    return allowed;
}

/* The handshake of a data connection: after the 150, when the server expects it, and before
 * anything else, even if there are no bytes to send (RFC 4217, 7). */
static bool shake_hands(struct control *control, struct conn *data, struct failure *failure) {
    int result;
    while ((result = outgoing_handshake(data)) == -EAGAIN)
        if (!may_send(control, data))
            return false;
    if (result < 0)
        failure_set(failure, EX_PROTOCOL, "data connection: TLS: %s",
                    outgoing_handshake_reason(data, result));
    return result == 0;
}

/* Reads bytes to send. Before the last ones of a plain file it is looked at once more: as long as
 * they are missing, the server knows that it is not complete. Returns as source_fill, or 0 with a
 * failure. */
static ssize_t read_some(struct source *source, size_t most, struct failure *failure) {
    bool is_empty = source->start == source->end;
    ssize_t n = source_fill(source, most);
    if (n < 0 && n != -EAGAIN)
        failure_ours(failure, EX_NOINPUT, "cannot read: %s", strerror((int)-n));
    else if (n == 0 && source->left > 0)
        failure_ours(failure, EX_NOINPUT, "became shorter while it was sent");
    else if (is_empty && n >= source->left && source->left > 0)
        (void)source_is_same(source, failure);
    return failure->status ? 0 : n;
}

/* Writes some of the bytes that were read; returns as send_some. The time of reading, as from a
 * terminal, does not count as the server's. */
static ssize_t copy_some(struct control *control, struct conn *out, struct source *source,
                         size_t most, struct failure *failure) {
    bool is_empty = source->start == source->end;
    bool knows_end = source->left >= 0 && (unsigned long long)source->left < SOURCE_BUFFER_SIZE;
    ssize_t n = read_some(source, knows_end ? (size_t)source->left : SOURCE_BUFFER_SIZE, failure);
    if (is_empty)
        control_begin_wait(control);
    if (n > 0)
        n = outgoing_write(out, source->buffer + source->start,
                           (size_t)n < most ? (size_t)n : most);
    if (n > 0)
        source->start += (size_t)n;
    return n;
}

/* Sends up to `most` bytes. Returns how many, 0 at the end of the source or after a failure, or a
 * negative errno. */
static ssize_t send_some(struct control *control, struct conn *out, struct source *source,
                         size_t most, struct failure *failure) {
    if (source->copy || source->start < source->end || source->left <= SOURCE_TAIL)
        return copy_some(control, out, source, most, failure);
    size_t bulk = (size_t)(source->left - SOURCE_TAIL);
    ssize_t n = sendfile(out->out, source->fd, NULL, most < bulk ? most : bulk);
    if (n == 0)
        failure_ours(failure, EX_NOINPUT, "became shorter while it was sent");
    if (n < 0)
        return conn_is_passing(errno) ? -EAGAIN : -errno;
    return n;
}

/* So many bytes are under way. */
static void note(struct control *control, struct source *source, size_t bytes) {
    control_begin_wait(control);
    limit_spend(bytes);
    progress_add(bytes);
    source->sent += (off_t)bytes;
    if (source->left > 0)
        source->left -= (off_t)bytes;
}

/* Sends as many bytes as the source had, or up to its end if its size is unknown. */
static enum sent send_bytes(struct control *control, struct conn *out, struct source *source,
                            struct failure *failure) {
    const size_t most = 0x10000000;
    source->copy |= out->tls != NULL;
    while (source->left != 0) {
        size_t allowed = await_limit(control, most);
        if (allowed == 0 || !may_send(control, out))
            return SENT_STOPPED;
        ssize_t n = send_some(control, out, source, allowed, failure);
        if (n > 0)
            note(control, source, (size_t)n);
        if (n == 0)
            return failure->status ? SENT_SHORT : SENT_ALL;
        if (n < 0 && n != -EAGAIN) {
            if (source->copy || source->left <= SOURCE_TAIL)
                return SENT_STOPPED;
            source->copy = true; /* some file systems have no sendfile; other errors recur */
        }
    }
    return source->size > 0 || source_is_same(source, failure) ? SENT_ALL : SENT_SHORT;
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

enum sent send_source(struct control *control, struct conn *out, struct source *source, bool ends,
                      struct failure *failure) {
    bool is_data = out != &control->conn;
    reply_reset(&control->reply);
    control_begin_wait(control);
    if (is_data && out->tls && !shake_hands(control, out, failure))
        return SENT_STOPPED;
    enum sent sent = send_bytes(control, out, source, failure);
    if (sent != SENT_ALL)
        return sent;
    if ((ends || is_data) && has_spoken(control))
        return SENT_STOPPED;
    outgoing_end_by_reset(out, false);
    return ends ? send_end(control, out) : SENT_ALL;
}
