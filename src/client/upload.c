#include "client/upload.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "client/data.h"
#include "client/outgoing.h"
#include "client/say.h"
#include "client/send.h"
#include "client/source.h"

/* Tells the user what the server answered. */
static void say_answer(struct session *session, const struct source *source) {
    say_error("%s: %s", source->path, control_answer(&session->control));
}

/* Takes the final reply of an upload. True: the server has the file. */
static bool confirm(struct session *session, const struct source *source, enum sent sent) {
    int code = control_get_final_reply(&session->control);
    if (sent == SENT_ALL && (code == 226 || code == 250))
        return true;
    if (sent == SENT_ALL || code / 100 != 2)
        say_answer(session, source);
    else
        say_error("%s: the server did not wait for all of it: %s", source->path,
                  control_answer(&session->control));
    return false;
}

/* Sends the commands of an inline upload. True: the server waits for the bytes. */
static bool begin_inline(struct session *session, const struct source *source, bool announced) {
    struct control *control = &session->control;
    int code;
    if (announced) {
        code = control_ask(control, "ALLO %jd\r\nSTOR %s", (intmax_t)source->left, source->name);
        code = code / 100 == 2 ? control_get_reply(control) : REPLY_NONE;
    } else {
        code = control_ask(control, "STOR %s", source->name);
    }
    if (code / 100 != 1)
        say_answer(session, source);
    return code / 100 == 1;
}

/*
 * Uploads over the control connection. announced: ALLO tells the server where the file ends, and
 * the session continues; else the end of input does. A refusal ends the session, by a reset: after
 * a refused ALLO, the server may wait for the bytes of a STOR without a size.
 */
static bool send_inline(struct session *session, struct source *source, bool announced) {
    struct control *control = &session->control;
    bool stored = false;
    enum sent sent = SENT_SHORT;
    outgoing_end_by_reset(&control->conn, true);
    if (begin_inline(session, source, announced))
        sent = send_source(control, &control->conn, source, !announced);
    if (sent != SENT_SHORT)
        stored = confirm(session, source, sent);
    if (!stored || !announced)
        session_drop(session);
    return stored;
}

/*
 * Waits until the server has ended its side of a data connection, too, or replies: if we closed it
 * with unread bytes, such as tickets, that would be a reset, which can overtake the last bytes.
 * Does not wait for a server that keeps sending.
 */
static void await_end(struct control *control, struct conn *data) {
    char unwanted[1024];
    (void)shutdown(data->out, SHUT_WR); /* for servers that wait for it */
    control_begin_wait(control);
    for (int i = 0; i < 100; i++) {
        ssize_t n = conn_read(data, unwanted, sizeof(unwanted));
        struct pollfd fds[] = {outgoing_to_read(data), outgoing_to_read(&control->conn)};
        if (n > 0)
            continue;
        if (n != -EAGAIN || conn_has_more(&control->conn))
            return;
        if (outgoing_poll(fds, 2, control_left(control)) <= 0 || fds[1].revents)
            return;
    }
}

/* Uploads over a data connection, and closes it. */
static bool send_over_data(struct session *session, struct source *source, struct conn *data) {
    struct control *control = &session->control;
    enum sent sent = SENT_SHORT;
    outgoing_end_by_reset(data, true);
    if (control_ask(control, "STOR %s", source->name) / 100 != 1) {
        say_answer(session, source);
        outgoing_close(data);
        return false;
    }
    if (session->context && outgoing_secure(data, session->context, &control->conn) < 0)
        say_error("%s: %s", source->path, strerror(ENOMEM));
    else
        sent = send_source(control, data, source, session->context);
    if (sent == SENT_ALL && data->tls)
        await_end(control, data);
    outgoing_close(data);
    return confirm(session, source, sent);
}

/* Uploads in the way that this server knows. True: the server has the file. */
static bool send_by_way(struct session *session, struct source *source) {
    struct conn data;
    if ((session->way == WAY_EPSV || session->way == WAY_PASV) && data_open(session, &data))
        return send_over_data(session, source, &data);
    if (session->way == WAY_ALLO && source->left >= 0)
        return send_inline(session, source, true);
    if (session->way == WAY_ALLO || session->way == WAY_PLAIN)
        return send_inline(session, source, false);
    say_answer(session, source);
    return false;
}

bool upload_file(struct session *session, const char *path) {
    static struct source source;
    const struct control *control = &session->control;
    if (!source_open(&source, path))
        return false;
    bool stored = false;
    if (session_open(session))
        stored = send_by_way(session, &source);
    else
        say_error("%s: not sent", path);
    if (control->deaf || control->reply.code < 0 || control->reply.code == 421)
        session_drop(session);
    source_close(&source);
    return stored;
}
