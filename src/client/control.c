#include "client/control.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/escape.h"
#include "client/outgoing.h"
#include "client/progress.h"

enum {
    SILENCE_MS = 500,   /* after which a reply without a line end counts */
    COMMAND_SIZE = 8704 /* the verbs and a path */
};

void control_reset(struct control *control) {
    control->ended = control->deaf = control->skipping = control->cut = control->early = false;
    control->length = 0;
    control->preliminary = 0;
}

void control_fail(struct control *control, int status, const char *format, ...) {
    char why[CONTROL_WHY_SIZE]; /* the old one may be part of the new one */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    memcpy(control->why, why, sizeof(why));
    control->status = status;
    control->reply.code = REPLY_NONE;
    control->reply.whole = true;
}

void control_explain(struct control *control, struct failure *failure, const char *before) {
    int code = control->reply.code;
    const char *answer = control_answer(control);
    if (code > 0)
        failure_by_code(failure, code, answer);
    else
        failure_set(failure, control->status ? control->status : EX_TEMPFAIL, "%s", answer);
    bool passing = failure->passing, final = failure->final;
    failure_set(failure, failure->status, "%s%s", before, failure->why);
    failure->passing = passing;
    failure->final = final;
}

/* Nothing more is received. The reason is in two parts. */
static void end_input(struct control *control, const char *where, const char *why) {
    control->status = *where ? EX_PROTOCOL : EX_TEMPFAIL;
    (void)snprintf(control->why, sizeof(control->why), "%s%s", where, why);
    control->ended = true;
}

void control_stall(struct control *control, const char *why) {
    end_input(control, "", why);
}

void control_begin_wait(struct control *control) {
    control->deadline = clock_deadline((unsigned)control->timeout);
}

int control_left(const struct control *control) {
    return clock_until(control->deadline);
}

/* Prints one line, which is without its end and has room for a NUL, and adds it to the reply. */
static void add_line(struct control *control, char *line, size_t length) {
    line[length] = '\0';
    escape_in_place(line, length);
    if (control->verbose) {
        progress_hide();
        (void)printf("%.*s\n", (int)length, line);
    }
    bool is_late_end = control->cut && !reply_has_code(line, length); /* of a line that counted */
    control->cut = false;
    if (is_late_end)
        return;
    const char *wrong = reply_add(&control->reply, line, length);
    if (wrong)
        control_fail(control, EX_PROTOCOL, "%s", wrong);
}

/*
 * Takes one line from the input. A line that fills the buffer is taken as it is, and its rest is
 * dropped; `all` takes what is there without a line end. Returns whether there was a line.
 */
static bool take_line(struct control *control, bool all) {
    char *lf = memchr(control->buffer, '\n', control->length);
    size_t taken = lf ? (size_t)(lf - control->buffer) + 1 : control->length;
    if (taken == 0 || (!lf && !all && taken < CONTROL_LINE_SIZE))
        return false;

    size_t length = lf ? taken - 1 : taken;
    while (length > 0 && control->buffer[length - 1] == '\r')
        length--;
    const char *wrong = reply_count(&control->reply, taken);
    if (wrong)
        control_fail(control, EX_PROTOCOL, "%s", wrong);
    else if (!control->skipping && length > 0)
        add_line(control, control->buffer, length);
    else if (length == 0)
        control->cut = false;
    control->skipping = !lf && !all;
    control->length -= taken;
    memmove(control->buffer, control->buffer + taken, control->length);
    return true;
}

bool control_take_reply(struct control *control) {
    while (!control->reply.whole && take_line(control, false))
        continue;
    return control->reply.whole;
}

/* Tells whether the input would be a complete reply if it had a line end. */
static bool lacks_only_line_end(const struct control *control) {
    const char *line = control->buffer;
    return !control->skipping && control->length > 3 && reply_has_code(line, control->length) &&
           line[3] == ' ' && (control->reply.code == 0 || control->reply.code == reply_code(line));
}

void control_receive(struct control *control) {
    struct conn *conn = &control->conn;
    ssize_t n =
        conn_read(conn, control->buffer + control->length, CONTROL_LINE_SIZE - control->length);
    conn->writing = POLLOUT; /* a write under TLS may have waited for this */
    if (n > 0)
        control->length += (size_t)n;
    else if (n == 0)
        control_stall(control, "the server closed the connection without a reply");
    else if (n != -EAGAIN)
        end_input(control, conn->tls ? "TLS: " : "", outgoing_reason(conn, n));
    else if (control_left(control) == 0) /* TLS can receive much without a byte for us */
        control_stall(control, "the server does not answer");
}

/* Waits up to timeout ms, but not beyond the deadline, until something may be received. */
static bool await_input(const struct control *control, int timeout) {
    struct pollfd input = outgoing_to_read(&control->conn);
    int left = control_left(control);
    return conn_has_more(&control->conn) ||
           await_poll(&input, 1, timeout < left ? timeout : left) > 0;
}

bool control_listen(struct control *control) {
    size_t before = control->length;
    if (await_input(control, 0))
        control_receive(control);
    return control->length > before;
}

/* Nothing has come in time, or not enough. */
static void fail_late(struct control *control) {
    bool has_begun = control->reply.received > 0 || control->length > 0;
    control_fail(control, EX_TEMPFAIL,
                 has_begun ? "the server does not end its reply" : "the server does not answer");
}

/* Waits until the reply is complete or the deadline is over. Returns its code, or REPLY_NONE. */
static int finish_reply(struct control *control) {
    while (!control_take_reply(control)) {
        bool is_unended = lacks_only_line_end(control);
        if (control->ended) { /* half a reply is none */
            if (!is_unended || !take_line(control, true))
                control_fail(control, control->status, "%s", control->why);
        } else if (await_input(control, is_unended ? SILENCE_MS : INT_MAX)) {
            control_receive(control);
        } else if (is_unended) {
            control->cut = take_line(control, true);
        } else {
            fail_late(control);
        }
    }
    return control->reply.code;
}

int control_get_reply(struct control *control) {
    reply_reset(&control->reply);
    control_begin_wait(control);
    return finish_reply(control);
}

bool control_goes_on(struct control *control) {
    if (control->reply.code / 100 != 1)
        return false;
    if (control->preliminary++ < CONTROL_PRELIMINARY_MOST)
        return true;
    control_fail(control, EX_PROTOCOL, "the server keeps promising a reply");
    return false;
}

int control_get_final_reply(struct control *control) {
    if (!control->early)
        (void)control_get_reply(control);
    control->early = false;
    while (control_goes_on(control))
        (void)control_get_reply(control);
    return control->reply.code;
}

const char *control_answer(struct control *control) {
    const char *line = reply_last_line(&control->reply);
    if (line)
        return line;
    return *control->why ? control->why : "no reply";
}

/* Sends a command. Returns whether all of it was sent before the deadline. */
static bool send_command(struct control *control, const char *command, size_t length) {
    struct conn *conn = &control->conn;
    control_begin_wait(control);
    for (size_t sent = 0; sent < length;) {
        ssize_t n = conn_write(conn, command + sent, length - sent);
        struct pollfd output = outgoing_to_write(conn);
        bool again = n == -EAGAIN && await_poll(&output, 1, control_left(control)) > 0;
        if (n > 0)
            sent += (size_t)n;
        else if (!again || control_left(control) == 0)
            return false;
    }
    return true;
}

/* Gets the server's last reply after it did not take a command. A reply below 400 is about
 * something else. */
static int get_last_words(struct control *control) {
    control->deaf = true;
    if (control_get_reply(control) > 0 && control->reply.code / 100 < 4)
        control_fail(control, EX_TEMPFAIL, "the server does not take commands");
    return control->reply.code;
}

/* Takes a reply to no command. Returns whether there is one. */
static bool take_unasked(struct control *control) {
    reply_reset(&control->reply);
    while (!control_take_reply(control) && control_listen(control))
        continue;
    if (!control->reply.whole && control->reply.lines > 0)
        (void)finish_reply(control);
    return control->reply.whole;
}

bool control_drop_unasked(struct control *control) {
    control_begin_wait(control);
    for (int i = 0; i < CONTROL_UNASKED_MOST; i++) {
        if (!take_unasked(control))
            return true;
        if (control->reply.code < 0 || control->reply.code == 421)
            return false;
    }
    control_fail(control, EX_PROTOCOL, "the server replies without having been asked");
    return false;
}

size_t control_encode(char *out, size_t size, const char *text) {
    size_t length = 0;
    for (const char *at = text; *at; at++) {
        if (*at == '\r' || *at == '\n' || length + 2 >= size)
            return 0;
        if (*at == '\xff')
            out[length++] = *at;
        out[length++] = *at;
    }
    out[length] = '\0';
    return length;
}

int control_ask(struct control *control, const char *format, ...) {
    char text[COMMAND_SIZE], command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    bool fits = written > 0 && (size_t)written < sizeof(text);
    size_t length = fits ? control_encode(command, sizeof(command) - 2, text) : 0;
    if (length == 0) {
        control_fail(control, FAILURE_OTHER, "what is to be sent is too long, or has a line break");
        return REPLY_NONE;
    }
    command[length++] = '\r';
    command[length++] = '\n';
    if (control->deaf)
        control_fail(control, EX_TEMPFAIL, "the server does not take commands");
    if (control->deaf || !control_drop_unasked(control))
        return control->reply.code;
    control->preliminary = 0;
    return send_command(control, command, length) ? control_get_reply(control)
                                                  : get_last_words(control);
}
