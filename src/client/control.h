/*
 * control: the control connection: one line after the other. ask() sends a command and waits for
 * its reply (RFC 959, 4 and 5.4).
 *
 * A server may leave out the line end of a reply: one that could be whole counts after a silence.
 */
#ifndef STORD_CLIENT_CONTROL_H
#define STORD_CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "conn.h"
#include "reply.h"

enum {
    IDLE_MS = 300 * 1000, /* for a reply, and for the server to take more bytes */
    LINE_SIZE = 4096,     /* what is kept of one line of a reply */
    WHY_SIZE = 512,
};

struct control {
    struct conn conn;
    bool quiet;         /* do not print replies */
    bool eof;           /* the server sends no more */
    bool overlong;      /* drop input up to the next line end */
    bool cut;           /* the last line was taken without its end, which may still come */
    bool early;         /* reply is the final one of an upload that was still being sent */
    char why[WHY_SIZE]; /* of NO_REPLY */
    size_t in_len;      /* bytes in in */
    char in[LINE_SIZE]; /* received, not yet taken as lines */
    struct reply reply; /* the latest */
};

/* Gives the session up: nothing more is received. */
void control_stall(struct control *c, const char *why);

/* Forgets what came over an earlier connection. */
void control_reset(struct control *c);

/* Notes that there is no reply, and why. */
__attribute__((format(printf, 2, 3))) void control_fail(struct control *c, const char *format, ...);

/* Receives what is there; at the end, or on an error, sets eof and why. */
void control_receive(struct control *c);

/* Takes lines out of what was received, until the reply is whole. Returns whether it is. */
bool control_take_reply(struct control *c);

/* Waits for one whole reply. Returns its code, or NO_REPLY. */
int control_get_reply(struct control *c);

/* The same for the reply that ends what 1xx replies began. It may have come early. */
int control_get_final_reply(struct control *c);

/* Sends one command (or two, with CRLF between them). Returns the code of the (first) reply. */
__attribute__((format(printf, 2, 3))) int ask(struct control *c, const char *format, ...);

/* The reply as a message: its last line, or why there is none. Valid until the next one. */
const char *answer(struct control *c);

#endif
