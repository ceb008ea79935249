#include "control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

enum {
    SILENCE_MS = 500,    /* after which a reply without a line end counts */
    COMMAND_SIZE = 1024, /* the verbs and a name */
};

void control_reset(struct control *c) {
    c->eof = c->overlong = c->cut = c->early = false;
    c->in_len = 0;
}

__attribute__((format(printf, 2, 0))) static void explain(struct control *c, const char *format,
                                                          va_list args) {
    char why[WHY_SIZE]; /* the old one may be part of the new one */
    (void)vsnprintf(why, sizeof why, format, args);
    memcpy(c->why, why, sizeof why);
}

void control_fail(struct control *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    explain(c, format, args);
    va_end(args);
    c->reply.code = NO_REPLY;
    c->reply.whole = true;
}

__attribute__((format(printf, 2, 3))) static void end_input(struct control *c, const char *format,
                                                            ...) {
    va_list args;
    va_start(args, format);
    explain(c, format, args);
    va_end(args);
    c->eof = true;
}

void control_stall(struct control *c, const char *why) {
    end_input(c, "%s", why);
}

/* Prints one line (its end already removed) and adds it to the reply. */
static void add_line(struct control *c, char *line, size_t len) {
    make_printable(line, len);
    if (!c->quiet)
        (void)printf("%.*s\n", (int)len, line);
    bool is_late_end = c->cut && !line_has_code(line, len); /* of a line that has been counted */
    c->cut = false;
    if (is_late_end)
        return;
    const char *wrong = reply_add(&c->reply, line, len);
    if (wrong)
        control_fail(c, "%s", wrong);
}

/*
 * Takes one line out of the input. A line that fills the buffer is taken as it is and the rest of
 * it dropped; all takes what is there without waiting for a line end. False: no line there.
 */
static bool take_line(struct control *c, bool all) {
    char *lf = memchr(c->in, '\n', c->in_len);
    size_t taken = lf ? (size_t)(lf - c->in) + 1 : c->in_len;
    if (taken == 0 || (!lf && !all && taken < sizeof c->in))
        return false;

    size_t len = lf ? taken - 1 : taken;
    while (len > 0 && c->in[len - 1] == '\r')
        len--;
    if (!c->overlong && len > 0)
        add_line(c, c->in, len);
    else if (len == 0)
        c->cut = false;
    c->overlong = !lf && !all;
    c->in_len -= taken;
    memmove(c->in, c->in + taken, c->in_len);
    return true;
}

bool control_take_reply(struct control *c) {
    while (!c->reply.whole && take_line(c, false))
        continue;
    return c->reply.whole;
}

/* Whether the input ends in what would be a whole reply, had it a line end. */
static bool lacks_only_line_end(const struct control *c) {
    return !c->overlong && c->in_len > 3 && line_has_code(c->in, c->in_len) && c->in[3] == ' ' &&
           (c->reply.code == 0 || c->reply.code == line_code(c->in));
}

void control_receive(struct control *c) {
    ssize_t n = conn_read(&c->conn, c->in + c->in_len, sizeof c->in - c->in_len);
    if (n > 0)
        c->in_len += (size_t)n;
    else if (n == 0)
        end_input(c, "the server closed the connection without a reply");
    else if (n != -EAGAIN && n != -EINTR)
        end_input(c, "%s%s", c->conn.tls ? "TLS: " : "", conn_reason(&c->conn, n));
}

/* Waits until something may be received. False: nothing came in that time. */
static bool wait_for_input(const struct control *c, int ms) {
    struct pollfd p = {.fd = c->conn.fd, .events = c->conn.reading};
    return c->conn.more || poll_again(&p, 1, ms) > 0;
}

int control_get_reply(struct control *c) {
    reply_reset(&c->reply);
    while (!control_take_reply(c)) {
        bool unended = lacks_only_line_end(c);
        if (c->eof) {
            if (!take_line(c, true))
                control_fail(c, "%s", c->why);
        } else if (wait_for_input(c, unended ? SILENCE_MS : IDLE_MS)) {
            control_receive(c);
        } else if (unended) {
            c->cut = take_line(c, true);
        } else {
            control_fail(c, "the server does not answer");
        }
    }
    return c->reply.code;
}

int control_get_final_reply(struct control *c) {
    int code = c->early ? c->reply.code : control_get_reply(c);
    c->early = false;
    while (code / 100 == 1)
        code = control_get_reply(c);
    return code;
}

const char *answer(struct control *c) {
    const char *line = reply_last_line(&c->reply);
    if (line)
        return line;
    return *c->why ? c->why : "no reply";
}

/* Sends all of it. Where the connection is broken, the server's last words count: nothing is told.
 */
static void send_command(struct control *c, const char *command, size_t len) {
    for (size_t sent = 0; sent < len;) {
        ssize_t n = conn_write(&c->conn, command + sent, len - sent);
        struct pollfd p = {.fd = c->conn.fd, .events = c->conn.writing};
        if (n > 0)
            sent += (size_t)n;
        else if (n != -EINTR && (n != -EAGAIN || poll_again(&p, 1, IDLE_MS) <= 0))
            return;
    }
}

int ask(struct control *c, const char *format, ...) {
    char command[COMMAND_SIZE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(command, sizeof command - 2, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof command - 2) {
        control_fail(c, "the command is too long");
        return NO_REPLY;
    }
    command[len++] = '\r';
    command[len++] = '\n';
    send_command(c, command, (size_t)len);
    return control_get_reply(c);
}
