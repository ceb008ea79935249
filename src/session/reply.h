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
#include <stdbool.h>
#include <stddef.h>

#include "base/path.h"

struct session;

enum {
    REPLY_SIZE = 1 << 13,            /* so much is sent at once */
    REPLY_LATER = 1 << 16,           /* and so much may wait */
    REPLY_TEXT = PATH_SIZE * 2 + 128 /* a line: a path whose quotes are doubled, and words */
};

/* Where replies go. */
enum reply_way {
    REPLY_AT_ONCE,
    REPLY_WAITING, /* they wait for those of uploads before them: see pipeline */
    REPLY_TOGETHER /* these are being sent, in few pieces */
};

/* Replies that are being put together. */
struct reply {
    enum reply_way way;
    size_t length;   /* bytes in out */
    size_t later;    /* bytes in waiting, */
    size_t released; /* of which so many are out */
    unsigned told;   /* refusals that were logged before a login */
    char *waiting;   /* REPLY_LATER bytes, whole lines; NULL: none has ever waited */
    char out[REPLY_SIZE + 2 * REPLY_TEXT +
             16];          /* the last line may be sent with all its 255 doubled */
    char text[REPLY_TEXT]; /* a line before names are shown in it */
};

/* No reply is being put together. */
void reply_init(struct reply *reply);

/* One line: "CODE text". 4xx and 5xx are logged, too. */
int reply_send(struct session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, but whatever the code is, it has been logged already. */
int reply_told(struct session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with the arguments in a list. */
int reply_told_list(struct session *session, int code, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* May one more refusal be logged? Before a login only so many are, lest strangers fill the disk. */
bool reply_may_tell(struct session *session);

/* A multi-line reply: "CODE-text", any number of lines, "CODE text". */
int reply_begin(struct session *session, int code, const char *text);
int reply_line(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int reply_end(struct session *session, int code, const char *text);

/* Makes room for replies that wait. Returns whether there is. */
bool reply_make_room(struct reply *reply);

/* From now on replies wait. */
void reply_hold(struct reply *reply);

/* Frees what it holds. */
void reply_close(struct reply *reply);

/* Is there no room for the replies of one more command? */
bool reply_is_full(const struct reply *reply);

/* How many bytes wait: where the next reply will be. */
static inline size_t reply_place(const struct reply *reply) {
    return reply->later;
}

/* Sends what has waited up to that place, together with what is replied from now on and released
 * next. */
int reply_release(struct session *session, size_t place);

/* Sends the rest. From now on replies are sent at once. */
int reply_release_all(struct session *session);

/* Values in place of a failure's code. */
enum {
    REPLY_USUAL = 0, /* the code that makes clients do the right thing: 55x: do not try again; 45x:
                      * try again later */
    REPLY_LATE = -1, /* the same once bytes of a file have come: never 45x. After 45x lftp sends
                      * only the end of the file again, and takes the 226 for the whole file. That
                      * the upload failed has been logged, */
    REPLY_TOLD = -2  /* and before there were any; otherwise as REPLY_USUAL */
};

/* The code of the reply to a local failure. error: a negative errno. code: REPLY_USUAL, REPLY_LATE,
 * or a code in place of every 55x, for a verb that has one code for all it refuses (RFC 959 section
 * 5.4: 552 and 553 are for uploads). */
int reply_failure_code(const struct session *session, int error, int code);

/* Is that error one of this machine, not the client's? */
bool reply_is_ours(const struct session *session, int error);

/* Replies to a local failure: the code (45x after a short delay), `what`, and the reason. The same
 * is logged. */
int reply_failure(struct session *session, int code, const char *what, int error);

#endif
