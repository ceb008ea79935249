/*
 * reply: one reply of the server, put together of its lines (RFC 959, 4.2). Pure.
 */
#ifndef STORD_CLIENT_REPLY_H
#define STORD_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REPLY_SIZE = 16384,   /* what is kept of one reply */
    REPLY_LINES = 10000,  /* a longer one is nonsense, */
    REPLY_MOST = 1 << 20, /* and one of more bytes: also of one line, or of empty ones */
    NO_REPLY = -1,        /* in place of a reply code: the session is lost */
};

struct reply {
    int code;              /* of the first line; 0 before it, NO_REPLY when there will be none */
    bool whole;            /* the last line has been seen */
    int lines;             /* seen so far */
    size_t received;       /* bytes that were received for it, line ends and all */
    size_t len;            /* bytes used in text */
    char text[REPLY_SIZE]; /* the lines, each with a '\n' */
};

/* Empties it for the next one. */
void reply_reset(struct reply *reply);

/* Counts bytes that were received for it, before the line that they end is added. Returns as
 * reply_add. */
const char *reply_count(struct reply *reply, size_t bytes);

/* Adds a line, without its end. Returns NULL, or why this is no reply: then it is NO_REPLY. */
const char *reply_add(struct reply *reply, const char *line, size_t len);

/* Whether the whole reply to FEAT has this line (RFC 2389: a blank, then the feature). */
bool reply_has_feature(const struct reply *reply, const char *feature);

/* Its last line, for messages; the text ends there from now on. NULL: it has none. */
const char *reply_last_line(struct reply *reply);

/* Whether a line begins as a reply does: three digits, then a blank, a hyphen or nothing. */
bool line_has_code(const char *line, size_t len);

/* The code of such a line. */
int line_code(const char *line);

#endif
