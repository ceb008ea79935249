#include "verbs/send.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"

enum {
    BUFFER_SIZE = 64 << 10,
    END_TIME = 1000,     /* ms that a client may take to end TLS after the last byte, */
    CLOSE_TIME = 20,     /* or to close the connection, before 226 */
    PIECE_SIZE = 4 << 20 /* of a file, between two looks at the control connection */
};

struct sender {
    struct session *session;
    struct conn conn;            /* the data connection */
    int broken;                  /* why the connection failed: a negative errno, or 0 */
    size_t length;               /* bytes in buffer */
    uint8_t buffer[BUFFER_SIZE]; /* not sent yet */
};

int send_refuse(struct session *session) {
    if (data_prepared(&session->data))
        return 0;
    int result = data_refuse(session);
    return result < 0 ? result : 1;
}

/* Remembers that it was the connection that failed. */
static int broke(struct sender *sender, int error) {
    sender->broken = error;
    return error;
}

/* So many bytes more have been sent. */
static void move(struct session *session, uint64_t n) {
    watch_move(&session->watch, n);
    doing_move(session, &session->doing, session->watch.moved);
}

static int wait_for_room(struct sender *sender) {
    struct session *session = sender->session;
    int fd;
    short events = conn_writing(&sender->conn, &fd);
    watch_renew(&session->watch);
    watch_be_brief(&session->watch);
    int result =
        watch_wait(session, fd, events, clock_deadline(session->given->config->stall_timeout));
    watch_be_patient(&session->watch);
    return result < 0 ? broke(sender, result) : 0;
}

/* Sends what is in the buffer. */
static int flush(struct sender *sender) {
    size_t at = 0;
    while (at < sender->length) {
        int result = wait_for_room(sender);
        if (result < 0)
            return result;
        ssize_t done = conn_write(&sender->conn, sender->buffer + at, sender->length - at);
        if (done < 0 && done != -EAGAIN)
            return broke(sender, (int)done);
        at += done < 0 ? 0 : (size_t)done;
    }
    move(sender->session, at);
    sender->length = 0;
    return 0;
}

int send_bytes(struct sender *sender, const void *bytes, size_t n) {
    const uint8_t *from = bytes;
    while (n > 0) {
        size_t room = BUFFER_SIZE - sender->length, piece = n < room ? n : room;
        memcpy(sender->buffer + sender->length, from, piece);
        sender->length += piece;
        from += piece;
        n -= piece;
        int result = sender->length == BUFFER_SIZE ? flush(sender) : 0;
        if (result < 0)
            return result;
    }
    return 0;
}

/* Sends through the buffer, which is empty. */
static int send_read(struct sender *sender, int fd, off_t offset, uint64_t n) {
    while (n > 0) {
        ssize_t got = pread(fd, sender->buffer, n < BUFFER_SIZE ? (size_t)n : BUFFER_SIZE, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ESTALE;
        sender->length = (size_t)got;
        int result = flush(sender);
        if (result < 0)
            return result;
        offset += got;
        n -= (uint64_t)got;
    }
    return 0;
}

int send_file(struct sender *sender, int fd, off_t offset, uint64_t n) {
    int result = flush(sender);
    if (result == 0 && sender->conn.tls)
        return send_read(sender, fd, offset, n);
    while (n > 0 && result == 0) {
        result = wait_for_room(sender);
        if (result < 0)
            break;
        ssize_t done =
            sendfile(sender->conn.out, fd, &offset, n < PIECE_SIZE ? (size_t)n : PIECE_SIZE);
        /* Separate reads and writes show which of them fails, and work on file systems without
         * sendfile */
        if (done == 0 || (done < 0 && !conn_is_passing(errno)))
            return send_read(sender, fd, offset, n);
        n -= done < 0 ? 0 : (uint64_t)done;
        move(sender->session, done < 0 ? 0 : (uint64_t)done);
    }
    return result;
}

static const char *broken_reason(int error) {
    switch (error) {
    case -ECANCELED:
        return "as you asked";
    case -ETIMEDOUT:
        return "the client took nothing for too long";
    case -ENOTCONN:
        return "the control connection was closed";
    case -ESHUTDOWN:
        return "the service is shutting down";
    case -DATA_CONTESTED:
        return "another connection came to that port from your address";
    default:
        return "the connection was reset";
    }
}

static int broken_code(int error) {
    return error == -ESHUTDOWN ? 421 : 426;
}

static int reply_broken(struct session *session, int error) {
    return reply_told(session, broken_code(error), "Transfer ended: %s", broken_reason(error));
}

static int no_connection(struct session *session, const struct send_source *source, int error) {
    bool is_broken = error == -ECANCELED || error == -ESHUTDOWN;
    tell_no_connection(session, source->path, data_reason(session, error),
                       is_broken ? broken_code(error) : 425);
    if (is_broken)
        return reply_broken(session, error);
    return reply_told(session, 425, "Cannot open data connection: %s", data_reason(session, error));
}

/* Ends the bytes, and waits for the client's end. Without TLS not for long, as that need not come
 * before 226; but if 150 and 226 come at once, aria2 reads both, and then waits a minute for the
 * second. */
static void end(struct sender *sender) {
    struct conn *conn = &sender->conn;
    int time = conn->tls ? END_TIME : CLOSE_TIME;
    if (conn->tls)
        conn_end(conn);
    (void)shutdown(conn->out, SHUT_WR);
    (void)data_drain(sender->session, conn, clock_ms() + time);
}

/* Closes the connection; with a reset if not everything was sent, except after ABOR. */
static void disconnect(struct sender *sender, int result) {
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (result == 0)
        end(sender);
    else if (result != -ECANCELED)
        (void)setsockopt(sender->conn.out, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    data_disconnect(&sender->conn);
}

/* Sends the bytes. Returns 0, or the negative errno that ended them. */
static int run(struct sender *sender, const struct send_source *source) {
    int result = source->produce(sender, source->context);
    if (result == 0)
        result = flush(sender);
    if (result == 0 && data_is_contested(sender->session, true))
        result = broke(sender, -DATA_CONTESTED);
    return result;
}

/* The code of the last reply. */
static int final_code(const struct sender *sender, int error) {
    if (sender->broken)
        return broken_code(sender->broken);
    return error < 0 ? reply_failure_code(sender->session, error, 451) : 226;
}

/* Logs how the transfer ended, and replies. */
static int finish(const struct sender *sender, const struct send_source *source, double seconds,
                  int error) {
    struct session *session = sender->session;
    const char *reason = sender->broken ? broken_reason(sender->broken) : strerror(-error);
    char what[32];
    (void)snprintf(what, sizeof(what), "%s a %s", error < 0 ? "Failed to send" : "Sent",
                   source->what);
    const struct transfer transfer = {.event = error < 0 ? EVENT_SEND_FAILED : source->event,
                                      .what = what,
                                      .path = source->path,
                                      .verdict = error < 0 ? reason : "whole",
                                      .reply = final_code(sender, error),
                                      .bytes = session->watch.moved,
                                      .is_file = source->event == EVENT_SENT,
                                      .seconds = seconds,
                                      .ascii = session->parameters.ascii};
    tell_transfer(session, &transfer);
    if (sender->broken)
        return reply_broken(session, sender->broken);
    if (error < 0)
        return reply_failure(session, 451, "Failed to send", error);
    return reply_send(session, 226, "The %s was sent", source->what);
}

int send_transfer(struct session *session, const struct send_source *source) {
    static struct sender sender; /* static only for its size */
    sender.session = session;
    sender.broken = 0;
    sender.length = 0;
    double begun = clock_seconds();
    data_meet(session);
    int result =
        reply_send(session, 150, "File status okay; about to open data connection%s", source->note);
    if (result < 0)
        return result;
    watch_begin(&session->watch, true);
    doing_transfer(session, source->size);
    int connected = data_connect(session, &sender.conn);
    if (connected == 0) {
        result = run(&sender, source);
        disconnect(&sender, result);
        transcript_sent(session, result);
    }
    watch_end(&session->watch);
    doing_end(session);
    if (connected < 0)
        return no_connection(session, source, connected);
    return finish(&sender, source, clock_seconds() - begun, result);
}
