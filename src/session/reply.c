#include "session/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/rights.h"
#include "session/session.h"
#include "session/tell.h"
#include "store/store.h"

enum {
    LINE_SHOWN = 2 * REPLY_TEXT + 16, /* bytes of a line as it is shown, with its code and end */
    ROOM = 3 * LINE_SHOWN,            /* for what a command replies while replies wait */
    WRITE_TIMEOUT = 60000,            /* ms a client may take to read a reply */
    LAST_WRITE_TIMEOUT = 200,         /* the same if we were asked to stop */
    REASON_SIZE = 128,                /* of the text in brackets after a reason */
    RETRY_DELAY = 1000,               /* ms before a 45x: some clients retry at once, for ever */
    REFUSAL = 400,                    /* the least code of one */
    TOLD_MOST = 100                   /* refusals that are logged before a login */
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
    reply->told = 0;
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

int reply_told_list(struct session *session, int code, const char *format, va_list arguments) {
    char prefix[16];
    (void)snprintf(prefix, sizeof(prefix), "%03d ", code);
    int result = put_line(session, prefix, format, arguments);
    return result < 0 ? result : flush(session);
}

int reply_told(struct session *session, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = reply_told_list(session, code, format, arguments);
    va_end(arguments);
    return result;
}

bool reply_may_tell(struct session *session) {
    return session->who.logged_in || session->reply.told++ < TOLD_MOST;
}

/* Logs that the command was refused; how an upload ended has to be told once. */
static void tell(struct session *session, int code, const char *text) {
    const struct verb *verb = session->command->verb;
    bool is_upload = verb && verb->traits & VERB_UPLOAD && session->who.logged_in;
    if (reply_may_tell(session))
        tell_refused(session, is_upload ? EVENT_UPLOAD_REFUSED : EVENT_REFUSED,
                     is_upload ? "refused" : NULL, code, text);
    else if (session->reply.told == TOLD_MOST + 1)
        tell_refused(session, EVENT_REFUSED, NULL, code,
                     "More refusals than that are not logged before a login");
}

int reply_send(struct session *session, int code, const char *format, ...) {
    va_list arguments;
    if (code >= REFUSAL && session->command) {
        va_start(arguments, format);
        (void)vsnprintf(session->reply.text, sizeof(session->reply.text), format, arguments);
        va_end(arguments);
        tell(session, code, session->reply.text);
    }
    va_start(arguments, format);
    int result = reply_told_list(session, code, format, arguments);
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
    {-PATH_FIXED, 550, "permission denied"},
    {-PATH_UNFINISHED, 550, "its upload was interrupted: finish, replace or delete it first"},
    {-EDQUOT, 552, "the disk quota is used up"},
    {-EFBIG, 552, "the file is too large"},
    {-ENOSPC, 452, "the disk is full"},
    {-STORE_LITTLE_LEFT, 452, "too little room would be left on the disk"},
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

/* How much is to be left, how much is there, and what was announced. */
static void explain_room(const struct session *session, char ret_text[REASON_SIZE]) {
    const struct room *least = &session->given->config->min_free;
    const struct parameters *parameters = &session->parameters;
    char announced[40] = "";
    struct statvfs fs = {0};
    unsigned long long there;
    (void)fstatvfs(session->who.root.fd, &fs);
    there = (unsigned long long)fs.f_bavail * fs.f_frsize;
    if (parameters->allo_given)
        (void)snprintf(announced, sizeof(announced), ", %llu announced",
                       (unsigned long long)parameters->allo);
    (void)snprintf(ret_text, REASON_SIZE, " (--min-free %llu%s: %llu bytes are free%s)",
                   least->percent ? least->percent : (unsigned long long)least->bytes,
                   least->percent ? "%" : "", there, announced);
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
    else if (for_log && error == -STORE_LITTLE_LEFT)
        explain_room(session, ret_text);
    else if (for_log && error != -PATH_RESERVED && error != -PATH_UNFINISHED &&
             error != -PATH_FIXED)
        (void)snprintf(ret_text, REASON_SIZE, " (%s)", strerror(-error));
}

/* The system does not let this user do what the client may: owner, mode, or a unit that forbids
 * it. */
static bool is_forbidden(int error) {
    return error == -EACCES || error == -EPERM || error == -EROFS;
}

bool reply_is_ours(const struct session *session, int error) {
    return is_forbidden(error) || find_failure(session, error)->code < 500;
}

/* is_told: that an upload failed. */
static void tell_failure(struct session *session, int code, const char *what, int error,
                         bool is_told) {
    const struct failure *failure = find_failure(session, error);
    char more[REASON_SIZE], text[REASON_SIZE * 3];
    explain(session, error, true, more);
    (void)snprintf(text, sizeof(text), "%s: %s%s", what, failure->reason, more);
    if (is_forbidden(error))
        tell_refused(session, EVENT_NOT_PERMITTED, NULL, code, text);
    else if (failure->code < 500)
        tell_refused(session, EVENT_FAULT, NULL, code, text);
    else if (is_told)
        tell_refused(session, EVENT_REFUSED, NULL, code, text);
    else
        tell(session, code, text);
    if (is_forbidden(error))
        tell_foreign(session);
}

static bool is_full(int error) {
    return error == -ENOSPC || error == -STORE_LITTLE_LEFT;
}

int reply_failure_code(const struct session *session, int error, int code) {
    int usual = find_failure(session, error)->code;
    if (code == REPLY_LATE)
        return is_full(error) ? 552 : usual < 500 ? 550 : usual;
    return usual < 500 || code <= REPLY_USUAL ? usual : code;
}

int reply_failure(struct session *session, int code, const char *what, int error) {
    char more[REASON_SIZE];
    int final = reply_failure_code(session, error, code);
    tell_failure(session, final, what, error, code < REPLY_USUAL);
    if (final < 500)
        (void)control_await(&session->control, -1, 0, RETRY_DELAY);
    explain(session, error, false, more);
    return reply_told(session, final, "%s: %s%s", what, find_failure(session, error)->reason, more);
}
