#include "client/upload.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "client/data.h"
#include "client/say.h"
#include "client/send.h"
#include "client/source.h"

/* Takes the final reply of an upload. True: the server has the file. */
static bool finish(struct session *s, const struct source *f, enum sent sent) {
    struct control *c = &s->control;
    int code = control_get_final_reply(c);
    if (sent == SENT_ALL && (code == 226 || code == 250))
        return true;
    if (sent == SENT_ALL || code / 100 != 2)
        complain("%s: %s", f->path, answer(c));
    else
        complain("%s: the server did not wait for all of it: %s", f->path, answer(c));
    return false;
}

/* Sends the commands of an inline upload. True: the server waits for the bytes. */
static bool start_inline(struct session *s, const struct source *f, bool announced) {
    struct control *c = &s->control;
    bool ready;
    if (announced)
        ready = ask(c, "ALLO %jd\r\nSTOR %s", (intmax_t)f->left, f->name) / 100 == 2 &&
                control_get_reply(c) / 100 == 1;
    else
        ready = ask(c, "STOR %s", f->name) / 100 == 1;
    if (!ready)
        complain("%s: %s", f->path, answer(c));
    return ready;
}

/*
 * Uploads over the control connection. announced: ALLO tells the server where the file ends, and
 * the session goes on; else the end of input does. A refusal ends the session, by a reset: after
 * that of an ALLO, the server may wait for the bytes of a STOR without a size.
 */
static bool send_inline(struct session *s, struct source *f, bool announced) {
    struct conn *control = &s->control.conn;
    bool stored = false;
    enum sent sent = SENT_SHORT;
    conn_end_by_reset(control, true);
    if (start_inline(s, f, announced))
        sent = send_file(&s->control, control, f, !announced);
    if (sent != SENT_SHORT)
        stored = finish(s, f, sent);
    if (!stored || !announced)
        session_drop(s);
    return stored;
}

/*
 * Waits until the server has ended its side of a data connection, too, or has something to say:
 * what it sent there and nobody read, as tickets, would make closing it a reset, which can overtake
 * the last bytes. A server that sends and sends is not waited for.
 */
static void await_end(struct session *s, struct conn *data) {
    char unwanted[1024];
    (void)shutdown(data->fd, SHUT_WR); /* for servers that wait for it */
    control_begin_wait(&s->control);
    for (int i = 0; i < 100; i++) {
        ssize_t n = conn_read(data, unwanted, sizeof unwanted);
        struct pollfd p[2] = {{.fd = data->fd, .events = data->reading},
                              {.fd = s->control.conn.fd, .events = s->control.conn.reading}};
        if (n > 0)
            continue;
        if (n != -EAGAIN || s->control.conn.more)
            return;
        if (poll_again(p, 2, control_left(&s->control)) <= 0 || p[1].revents)
            return;
    }
}

/* Uploads over a data connection, and closes it. */
static bool send_over_data(struct session *s, struct source *f, struct conn *data) {
    struct control *c = &s->control;
    conn_end_by_reset(data, true);
    if (ask(c, "STOR %s", f->name) / 100 != 1) {
        complain("%s: %s", f->path, answer(c));
        conn_close(data);
        return false;
    }
    enum sent sent = SENT_SHORT;
    if (s->context && conn_secure(data, s->context, &c->conn) < 0)
        complain("%s: %s", f->path, strerror(ENOMEM));
    else
        sent = send_file(c, data, f, s->context);
    if (sent == SENT_ALL && data->tls)
        await_end(s, data);
    conn_close(data);
    return finish(s, f, sent);
}

/* Uploads one file in the way that this server knows. True: the server has it. */
static bool send_by_way(struct session *s, struct source *f) {
    struct conn data;
    if ((s->way == WAY_EPSV || s->way == WAY_PASV) && data_open(s, &data))
        return send_over_data(s, f, &data);
    if (s->way == WAY_ALLO && f->left >= 0)
        return send_inline(s, f, true);
    if (s->way == WAY_ALLO || s->way == WAY_PLAIN)
        return send_inline(s, f, false);
    complain("%s: %s", f->path, answer(&s->control));
    return false;
}

bool upload(struct session *s, const char *path) {
    static struct source f;
    if (!source_open(&f, path))
        return false;
    bool stored = false;
    if (session_open(s))
        stored = send_by_way(s, &f);
    else
        complain("%s: not sent", path);
    if (s->control.deaf || s->control.reply.code < 0 || s->control.reply.code == 421)
        session_drop(s);
    source_close(&f);
    return stored;
}
