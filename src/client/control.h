/*
 * control: the client's end of the control connection: commands go out, replies come in (RFC 959, 4
 * and 5.4). The handler's end is net/control.
 *
 * A server may leave out the line end of a reply: after a silence it counts if it could be
 * complete.
 *
 * Whatever a server sends, no wait is endless. Replies have limits of bytes, lines and number.
 * Every wait has a deadline, which is set again only after a complete reply, or when the server has
 * taken bytes of the file.
 */
#ifndef STORD_CLIENT_CONTROL_H
#define STORD_CLIENT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/failure.h"
#include "client/reply.h"
#include "net/conn.h"

enum {
    CONTROL_TIMEOUT = 300,         /* default for `timeout`: s */
    CONTROL_PRELIMINARY_MOST = 32, /* 1yz replies to a command; RFC 959, 4.2, knows one */
    CONTROL_UNASKED_MOST = 32,     /* replies to no command, between two commands */
    CONTROL_LINE_SIZE = 4096,      /* bytes of one line of a reply that are kept */
    CONTROL_WHY_SIZE = 512
};

struct control {
    struct conn conn;           /* the connection; in is -1 if there is none */
    int timeout;                /* s for a reply, and for the server to take more bytes */
    long long deadline;         /* of the current wait, by clock_ms */
    bool verbose;               /* replies are printed */
    bool ended;                 /* the server sends no more */
    bool deaf;                  /* a command was not taken: the next would be read as its rest */
    bool skipping;              /* input is dropped up to the next line end */
    bool cut;                   /* the last line was taken without its end, which may still come */
    bool early;                 /* reply is the final one of an upload that was still being sent */
    int preliminary;            /* 1yz replies to this command after the first one */
    char why[CONTROL_WHY_SIZE]; /* why there is no reply, for the user, */
    int status;                 /* and for the program's exit */
    struct reply reply;         /* the latest */
    size_t length;              /* bytes in buffer: received, not yet taken as lines */
    char buffer[CONTROL_LINE_SIZE + 1]; /* with room for a NUL */
};

/* Forgets what came over an earlier connection. */
void control_reset(struct control *control);

/* Writes text as commands carry it: byte 255 is telnet's IAC there, and doubled (RFC 959, 5.3).
 * Returns its length, or 0: it does not fit, or a line break in it would make it two commands. */
size_t control_encode(char *out, size_t size, const char *text);

/* Sends one command and waits for the (first) reply, which is in control->reply then. Returns its
 * code, or REPLY_NONE. Replies that came before are dropped, except 421: then nothing is sent. */
int control_ask(struct control *control, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits for one complete reply. Returns as control_ask. */
int control_get_reply(struct control *control);

/* Waits for the reply that ends what 1yz replies began; it may have come early. Returns as
 * control_ask. */
int control_get_final_reply(struct control *control);

/* The reply for the user: its last line, or why there is none. Valid until the next one. */
const char *control_answer(struct control *control);

/* There is no reply, for this reason: EX_TEMPFAIL, network trouble, or EX_PROTOCOL. The old answer
 * may be an argument. */
void control_fail(struct control *control, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes a failure of the reply, or of why there is none. before: words that stand in front of it,
 * or "". */
void control_explain(struct control *control, struct failure *failure, const char *before);

/* What follows is for sending and waiting for something else at the same time. */

/* Takes replies to no command before the next one: some servers reply twice. False: the server has
 * ended the session, or does not stop; see the reply. */
bool control_drop_unasked(struct control *control);

/* Sets the deadline: `timeout` from now. */
void control_begin_wait(struct control *control);

/* ms until the deadline, for poll(2); never below 0. */
int control_left(const struct control *control);

/* Reads what has come. At the end, after an error, or if nothing has come and the deadline is over,
 * sets ended and why. */
void control_receive(struct control *control);

/* The same if something has come. Returns whether it was bytes. */
bool control_listen(struct control *control);

/* Gives up: nothing more is received. */
void control_stall(struct control *control, const char *why);

/* Takes lines of what was received until the reply is complete. Returns whether it is. */
bool control_take_reply(struct control *control);

/* Tells whether the reply is a 1yz one, after which another comes. After too many of them there is
 * no reply. */
bool control_goes_on(struct control *control);

#endif
