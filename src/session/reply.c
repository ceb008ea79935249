#include "session/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rights.h"
#include "session/session.h"
#include "store/store.h"

enum {
    LINE_SHOWN = 2 * REPLY_TEXT + 16, /* bytes of a line as it is shown, with its code and end */
    ROOM = 3 * LINE_SHOWN,            /* for what a command replies while replies wait */
    WRITE_TIMEOUT = 60000,            /* ms a client may take to read a reply */
    LAST_WRITE_TIMEOUT = 200,         /* the same if we were asked to stop */
    REASON_SIZE = 128,                /* of the text in brackets after a reason */
    RETRY_DELAY = 1000                /* ms before a 45x: some clients retry at once, for ever */
};

/* Sends what has been put together. */
static int send_out(struct session *session) {
    int timeout = session->leave.stopping ? LAST_WRITE_TIMEOUT : WRITE_TIMEOUT;
    size_t n = session->reply.length;
    session->reply.length = 0;
    int result = control_write(&session->control, session->reply.out, n, timeout);
    if (result < 0)
        transcript_note(session, "That could not be sent: %s", strerror(-result));
    return result;
}

/* The same at the end of a reply, unless more belongs to it. */
static int flush(struct session *session) {
    return session->reply.way == REPLY_AT_ONCE ? send_out(session) : 0;
}

/* The line of n bytes at the end of `out` is one of those that wait. */
static int put_off(struct reply *reply, size_t n) {
    if (n > REPLY_LATER - reply->later)
        return -ENOBUFS; /* nobody has asked reply_is_full */
    memcpy(reply->waiting + reply->later, reply->out + reply->length, n);
    reply->later += n;
    return 0;
}

/* It goes out. */
static int put_out(struct session *session, size_t n) {
    struct reply *reply = &session->reply;
    transcript_reply(session, reply->out + reply->length, n);
    reply->length += n;
    return reply->length < REPLY_SIZE ? 0 : send_out(session);
}

/* Copies one part of a path, and what is around it, into room as the client sees it: what could end
 * the line is replaced, 255 is doubled if the client doubles it. Returns how many bytes. */
static size_t show_part(const struct session *session, const char *part, size_t n, char *room,
                        size_t size) {
    char converted[NAMES_PART];
    size_t length = 0;
    const char *shown = names_show(&session->names, part, &n, converted);
    for (size_t i = 0; i < n && length + 2 <= size; i++) {
        unsigned char byte = (unsigned char)shown[i];
        room[length++] = (char)(path_is_control(byte) ? '?' : byte);
        if (byte == 0xff && !session->line.doubles_none)
            room[length++] = (char)byte;
    }
    return length;
}

/* Is every client shown these bytes as they are? */
static bool is_plain(const char *text) {
    while (*text >= ' ' && *text < 0x7f)
        text++;
    return *text == '\0';
}

/* Shows the text in line, part by part, in line itself, where there is so much room. Returns its
 * length. */
static size_t show(struct session *session, char *line, size_t room) {
    char *text = session->reply.text;
    size_t n = 0;
    memcpy(text, line, strlen(line) + 1);
    while (*text) {
        size_t part = strcspn(text, "/");
        n += show_part(session, text, part, line + n, room - n - 1);
        text += part;
        if (*text == '/')
            line[n++] = *text++;
    }
    return n;
}

/* Adds a line, and CR LF. */
static int put_line(struct session *session, const char *prefix, const char *format,
                    va_list arguments) __attribute__((format(printf, 3, 0)));

static int put_line(struct session *session, const char *prefix, const char *format,
                    va_list arguments) {
    struct reply *reply = &session->reply;
    char *line = reply->out + reply->length;
    const size_t room = sizeof(reply->out) - reply->length;
    size_t n = (size_t)snprintf(line, room, "%s", prefix);
    (void)vsnprintf(line + n, REPLY_TEXT, format, arguments);
    n += is_plain(line + n) ? strlen(line + n) : show(session, line + n, room - n - 2);
    line[n++] = '\r';
    line[n++] = '\n';
    return reply->way == REPLY_WAITING ? put_off(reply, n) : put_out(session, n);
}

static int put_code(struct session *session, int code, char separator, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int put_code(struct session *session, int code, char separator, const char *format, ...) {
    char prefix[16];
    (void)snprintf(prefix, sizeof(prefix), "%03d%c", code, separator);
    va_list arguments;
    va_start(arguments, format);
    int result = put_line(session, prefix, format, arguments);
    va_end(arguments);
    return result;
}

void reply_init(struct reply *reply) {
    reply->way = REPLY_AT_ONCE;
    reply->length = reply->later = reply->released = 0;
    reply->waiting = NULL;
}

bool reply_make_room(struct reply *reply) {
    if (!reply->waiting)
        reply->waiting = malloc(REPLY_LATER);
    return reply->waiting != NULL;
}

void reply_close(struct reply *reply) {
    free(reply->waiting);
    reply->waiting = NULL;
}

void reply_hold(struct reply *reply) {
    reply->way = REPLY_WAITING;
}

bool reply_is_full(const struct reply *reply) {
    return REPLY_LATER - reply->later < (size_t)ROOM;
}

int reply_release(struct session *session, size_t place) {
    struct reply *reply = &session->reply;
    int result = 0;
    reply->way = REPLY_TOGETHER;
    while (reply->released < place && result == 0) {
        const char *line = reply->waiting + reply->released;
        const char *end = memchr(line, '\n', place - reply->released);
        size_t n = end ? (size_t)(end + 1 - line) : place - reply->released;
        reply->released += n;
        memcpy(reply->out + reply->length, line, n);
        result = put_out(session, n);
    }
    return result;
}

int reply_release_all(struct session *session) {
    struct reply *reply = &session->reply;
    int result = reply_release(session, reply->later);
    reply->way = REPLY_AT_ONCE;
    reply->later = reply->released = 0;
    return result < 0 ? result : send_out(session);
}

int reply_send_list(struct session *session, int code, const char *format, va_list arguments) {
    char prefix[16];
    (void)snprintf(prefix, sizeof(prefix), "%03d ", code);
    int result = put_line(session, prefix, format, arguments);
    return result < 0 ? result : flush(session);
}

int reply_send(struct session *session, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = reply_send_list(session, code, format, arguments);
    va_end(arguments);
    return result;
}

int reply_begin(struct session *session, int code, const char *text) {
    return put_code(session, code, '-', "%s", text);
}

int reply_line(struct session *session, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = put_line(session, " ", format, arguments);
    va_end(arguments);
    return result;
}

int reply_end(struct session *session, int code, const char *text) {
    int result = put_code(session, code, ' ', "%s", text);
    return result < 0 ? result : flush(session);
}

struct failure {
    int error; /* negative errno */
    int code;
    const char *reason;
};

/* Codes: doc/design.md, "Replies that steer clients". The first row is for errors that are not
 * listed. */
static const struct failure failures[] = {
    {0, 451, "local error"},
    {-ENOENT, 550, "no such file or folder"},
    {-ENOTDIR, 550, "part of the name is not a folder"},
    {-ELOOP, 550, "symbolic links are not followed"},
    {-EACCES, 550, "permission denied"},
    {-EPERM, 550, "permission denied"},
    {-EROFS, 550, "the file system is read-only"},
    {-EXDEV, 550, "the name leads out of the root folder"},
    {-EISDIR, 553, "there is a folder of that name"},
    {-EEXIST, 553, "a file of that name is there already"},
    {-ENXIO, 553, "that name is taken by something that is not a plain file"},
    {-ERANGE, 554, "the restart point is past the end of the file"},
    {-ENOTEMPTY, 550, "the folder is not empty"},
    {-TURN_BUSY, 451, "others are changing it"},
    {-STORE_OTHER, 550, "it is no longer what you were shown: look again"},
    {-EBUSY, 450, "it is in use, or has changed meanwhile"},
    {-EINVAL, 553, "the name contains a control character"},
    {-NAMES_UNREADABLE, 553,
     "the name is not UTF-8, nor in another encoding that is accepted here"},
    {-ENAMETOOLONG, 553, "the name is too long"},
    {-PATH_RESERVED, 553, "names beginning with " PATH_RESERVED_PREFIX " are reserved"},
    {-PATH_NOT_OWN, 550, "permission denied"},
    {-PATH_UNFINISHED, 550, "its upload was interrupted: finish, replace or delete it first"},
    {-EDQUOT, 552, "the disk quota is used up"},
    {-EFBIG, 552, "the file is too large"},
    {-ENOSPC, 452, "the disk is full"},
    {-EAGAIN, 451, "the files of your folder are being counted"},
    {-EMFILE, 451, "too many open files"},
    {-ENFILE, 451, "too many open files"},
    {-ENOMEM, 451, "out of memory"},
    {-EIO, 451, "the disk failed"},
};

/* A client that may not see what is there does not learn what is in the way either. */
static int tellable(const struct session *session, int error) {
    return !who_sees(&session->who) && (error == -ENOTDIR || error == -ELOOP) ? -ENOENT : error;
}

static const struct failure *find_failure(const struct session *session, int error) {
    error = tellable(session, error);
    for (size_t i = 1; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].error == error)
            return &failures[i];
    }
    return &failures[0];
}

/* The text in brackets after the reason; the client gets it only if it says something to
 * clients. */
static void explain(const struct session *session, int error, bool for_log,
                    char ret_text[REASON_SIZE]) {
    ret_text[0] = '\0';
    if (error == -PATH_NOT_OWN)
        (void)snprintf(ret_text, REASON_SIZE,
                       " (no %s right, and it was not uploaded in this session)",
                       right_word(session->view.missing));
    else if (for_log && error != -PATH_RESERVED && error != -PATH_UNFINISHED)
        (void)snprintf(ret_text, REASON_SIZE, " (%s)", strerror(-error));
}

static int answer_failure(struct session *session, int code, const char *what,
                          const struct failure *failure, int error) {
    bool local = failure->code < 500, retry = code < 500;
    char more[REASON_SIZE];
    explain(session, error, true, more);
    const struct log_facts facts = {.reply = code};
    log_about(session->given->log, local ? EVENT_FAULT : EVENT_REFUSED, &facts,
              "%s: %s%s: reply %d to %s %s", what, failure->reason, more, code,
              session->command->verb->name, session->command->argument);
    if (retry)
        (void)control_await(&session->control, -1, 0, RETRY_DELAY);
    explain(session, error, false, more);
    return reply_send(session, code, "%s: %s%s", what, failure->reason, more);
}

int reply_failure_code(const struct session *session, int error, int code) {
    int usual = find_failure(session, error)->code;
    if (code == REPLY_LATE)
        return error == -ENOSPC ? 552 : usual < 500 ? 550 : usual;
    return usual < 500 || code == REPLY_USUAL ? usual : code;
}

int reply_failure(struct session *session, int code, const char *what, int error) {
    return answer_failure(session, reply_failure_code(session, error, code), what,
                          find_failure(session, error), error);
}
