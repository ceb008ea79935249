/*
 * reply: replies to the client (RFC 959 section 4.2).
 *
 * Every function returns 0, or a negative errno if the client could not be reached: then the
 * session ends. Line ends and other control characters in arguments are replaced, names are shown
 * in the client's encoding (see names), and the byte 255 is doubled (telnet), except for a client
 * that does not double it.
 */
#ifndef STORD_REPLY_H
#define STORD_REPLY_H

#include <stdarg.h>
#include <stddef.h>

#include "base/path.h"

struct session;

enum {
    REPLY_SIZE = 4096,               /* so much is sent at once */
    REPLY_TEXT = PATH_SIZE * 2 + 128 /* a line: a path whose quotes are doubled, and words */
};

/* A reply that is being put together. */
struct reply {
    size_t length; /* bytes in out */
    char out[REPLY_SIZE + 2 * REPLY_TEXT +
             16];          /* the last line may be sent with all its 255 doubled */
    char text[REPLY_TEXT]; /* a line before names are shown in it */
};

/* No reply is being put together. */
void reply_init(struct reply *reply);

/* One line: "CODE text". */
int reply_send(struct session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with the arguments in a list. */
int reply_send_list(struct session *session, int code, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* A multi-line reply: "CODE-text", any number of lines, "CODE text". */
int reply_begin(struct session *session, int code, const char *text);
int reply_line(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int reply_end(struct session *session, int code, const char *text);

/* Values in place of a failure's code. */
enum {
    REPLY_USUAL = 0, /* the code that makes clients do the right thing: 55x: do not try again; 45x:
                      * try again later */
    REPLY_LATE = -1, /* the same once bytes of a file have come: never 45x. After 45x lftp sends
                      * only the end of the file again, and takes the 226 for the whole file */
};

/* The code of the reply to a local failure. error: a negative errno. code: REPLY_USUAL, REPLY_LATE,
 * or a code in place of every 55x, for a verb that has one code for all it refuses (RFC 959 section
 * 5.4: 552 and 553 are for uploads). */
int reply_failure_code(const struct session *session, int error, int code);

/* Replies to a local failure: the code (45x after a short delay), `what`, and the reason. The same
 * is logged. */
int reply_failure(struct session *session, int code, const char *what, int error);

#endif
