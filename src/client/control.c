#include "client/control.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "client/say.h"

enum {
    SILENCE_MS = 500,    /* after which a reply without a line end counts */
    COMMAND_SIZE = 1024, /* the verbs and a name */
};

void control_reset(struct control *c) {
    c->eof = c->deaf = c->overlong = c->cut = c->early = false;
    c->in_len = 0;
    c->preliminary = 0;
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

void control_begin_wait(struct control *c) {
    c->deadline = clock_deadline((unsigned)c->timeout);
}

int control_left(const struct control *c) {
    long long left = c->deadline - clock_ms();
    return left > 0 ? (int)left : 0;
}

void control_stall(struct control *c, const char *why) {
    end_input(c, "%s", why);
}

/* Prints one line (its end already removed, with room for a NUL) and adds it to the reply. */
static void add_line(struct control *c, char *line, size_t len) {
    line[len] = '\0';
    escape_in_place(line, len);
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
    if (taken == 0 || (!lf && !all && taken < LINE_SIZE))
        return false;

    size_t len = lf ? taken - 1 : taken;
    while (len > 0 && c->in[len - 1] == '\r')
        len--;
    const char *wrong = reply_count(&c->reply, taken);
    if (wrong)
        control_fail(c, "%s", wrong);
    else if (!c->overlong && len > 0)
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
    ssize_t n = conn_read(&c->conn, c->in + c->in_len, LINE_SIZE - c->in_len);
    if (n > 0)
        c->in_len += (size_t)n;
    else if (n == 0)
        end_input(c, "the server closed the connection without a reply");
    else if (n != -EAGAIN && n != -EINTR)
        end_input(c, "%s%s", c->conn.tls ? "TLS: " : "", conn_reason(&c->conn, n));
    else if (control_left(c) == 0) /* TLS can have much to say without a byte for us */
        end_input(c, "the server does not answer");
}

/* Waits until something may be received. False: nothing came in that time. */
static bool wait_for_input(const struct control *c, int ms) {
    struct pollfd p = {.fd = c->conn.fd, .events = c->conn.reading};
    int left = control_left(c);
    return c->conn.more || poll_again(&p, 1, ms < left ? ms : left) > 0;
}

bool control_listen(struct control *c) {
    size_t before = c->in_len;
    if (wait_for_input(c, 0))
        control_receive(c);
    return c->in_len > before;
}

/* Nothing has come in all of the time; or not enough. */
static void fail_late(struct control *c) {
    bool begun = c->reply.received > 0 || c->in_len > 0;
    control_fail(c, begun ? "the server does not end its reply" : "the server does not answer");
}

/* Waits until the reply is whole, as long as control_begin_wait has it. Returns its code, or
 * NO_REPLY.
 */
static int finish_reply(struct control *c) {
    while (!control_take_reply(c)) {
        bool unended = lacks_only_line_end(c);
        if (c->eof) {
            if (!take_line(c, true))
                control_fail(c, "%s", c->why);
        } else if (wait_for_input(c, unended ? SILENCE_MS : INT_MAX)) {
            control_receive(c);
        } else if (unended) {
            c->cut = take_line(c, true);
        } else {
            fail_late(c);
        }
    }
    return c->reply.code;
}

int control_get_reply(struct control *c) {
    reply_reset(&c->reply);
    control_begin_wait(c);
    return finish_reply(c);
}

bool control_goes_on(struct control *c) {
    if (c->reply.code / 100 != 1)
        return false;
    if (c->preliminary++ < PRELIMINARY_MOST)
        return true;
    control_fail(c, "the server says again and again that its reply is to come");
    return false;
}

int control_get_final_reply(struct control *c) {
    if (!c->early)
        (void)control_get_reply(c);
    c->early = false;
    while (control_goes_on(c))
        (void)control_get_reply(c);
    return c->reply.code;
}

const char *answer(struct control *c) {
    const char *line = reply_last_line(&c->reply);
    if (line)
        return line;
    return *c->why ? c->why : "no reply";
}

/* Sends all of it. Returns whether that could be done. */
static bool send_command(struct control *c, const char *command, size_t len) {
    control_begin_wait(c);
    for (size_t sent = 0; sent < len;) {
        ssize_t n = conn_write(&c->conn, command + sent, len - sent);
        struct pollfd p = {.fd = c->conn.fd, .events = c->conn.writing};
        bool again = n == -EINTR || (n == -EAGAIN && poll_again(&p, 1, control_left(c)) > 0);
        if (n > 0)
            sent += (size_t)n;
        else if (!again || control_left(c) == 0)
            return false;
    }
    return true;
}

/* The server's last words, where it did not take a command. Unless it refuses, they are about
 * something else. */
static int get_last_words(struct control *c) {
    c->deaf = true;
    if (control_get_reply(c) > 0 && c->reply.code / 100 < 4)
        control_fail(c, "the server does not take commands");
    return c->reply.code;
}

/* Takes a reply that is there though nobody asked. Returns whether there is one. */
static bool take_unasked(struct control *c) {
    reply_reset(&c->reply);
    while (!control_take_reply(c) && control_listen(c))
        continue;
    if (!c->reply.whole && c->reply.lines > 0)
        (void)finish_reply(c);
    return c->reply.whole;
}

/* Hears what the server has to say before the next command, as some reply to one of them twice.
 * False: it has given the session up, or does not stop. */
static bool hear_out(struct control *c) {
    control_begin_wait(c);
    for (int i = 0; i < UNASKED_MOST; i++) {
        if (!take_unasked(c))
            return true;
        if (c->reply.code < 0 || c->reply.code == 421)
            return false;
    }
    control_fail(c, "the server replies without having been asked");
    return false;
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
    if (c->deaf)
        control_fail(c, "the server does not take commands");
    if (c->deaf || !hear_out(c))
        return c->reply.code;
    c->preliminary = 0;
    return send_command(c, command, (size_t)len) ? control_get_reply(c) : get_last_words(c);
}
