/*
 * control: the control connection: one line after the other. ask() sends a command and waits for
 * its reply (RFC 959, 4 and 5.4).
 *
 * A server may leave out the line end of a reply: one that could be whole counts after a silence.
 *
 * Whatever a server sends comes to an end: replies have a most of bytes and lines, and there are
 * only so many in place of the one that is waited for. All waiting has a time, which begins anew
 * with each whole reply, and with bytes of the file that were taken; not with less.
 */
#ifndef STORD_CLIENT_CONTROL_H
#define STORD_CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/conn.h"
#include "client/reply.h"

enum {
    DEFAULT_TIMEOUT = 300, /* s for a reply, and for the server to take more bytes, by default */
    PRELIMINARY_MOST = 32, /* 1yz replies to a command; RFC 959, 4.2, knows one */
    UNASKED_MOST = 32,     /* replies to no command, between two */
    LINE_SIZE = 4096,      /* what is kept of one line of a reply */
    WHY_SIZE = 512,
};

struct control {
    struct conn conn;
    int timeout;        /* s that the server may take */
    long long deadline; /* of what is waited for, as clock_ms tells it */
    bool quiet;         /* do not print replies */
    bool eof;           /* the server sends no more */
    bool deaf;          /* the server has not taken a command: it would read the next one with it */
    bool overlong;      /* drop input up to the next line end */
    bool cut;           /* the last line was taken without its end, which may still come */
    bool early;         /* reply is the final one of an upload that was still being sent */
    int preliminary;    /* 1yz replies to this command, besides the first one */
    char why[WHY_SIZE]; /* of NO_REPLY */
    size_t in_len;      /* bytes in in */
    char in[LINE_SIZE + 1]; /* received, not yet taken as lines; and room for a NUL */
    struct reply reply;     /* the latest */
};

/* Gives the session up: nothing more is received. */
void control_stall(struct control *c, const char *why);

/* Forgets what came over an earlier connection. */
void control_reset(struct control *c);

/* Notes that there is no reply, and why. */
__attribute__((format(printf, 2, 3))) void control_fail(struct control *c, const char *format, ...);

/* Begins to wait for something: the time that the server has for it begins anew. */
void control_begin_wait(struct control *c);

/* What is left of that time: ms, for poll(2). */
int control_left(const struct control *c);

/* Receives what is there; at the end, on an error, or when that is nothing and the time is over,
 * sets eof and why. */
void control_receive(struct control *c);

/* The same, if there is anything. Returns whether bytes have come. */
bool control_listen(struct control *c);

/* Takes lines out of what was received, until the reply is whole. Returns whether it is. */
bool control_take_reply(struct control *c);

/* Whether the whole reply is a 1yz one, behind which another one comes. One that is too many is
 * NO_REPLY from now on. */
bool control_goes_on(struct control *c);

/* Waits for one whole reply. Returns its code, or NO_REPLY. */
int control_get_reply(struct control *c);

/* The same for the reply that ends what 1xx replies began. It may have come early. */
int control_get_final_reply(struct control *c);

/* Sends one command (or two, with CRLF between them). Returns the code of the (first) reply. What
 * the server said before it was asked is no reply to it: it is dropped; but a 421 is its last word.
 */
__attribute__((format(printf, 2, 3))) int ask(struct control *c, const char *format, ...);

/* The reply as a message: its last line, or why there is none. Valid until the next one. */
const char *answer(struct control *c);

#endif
