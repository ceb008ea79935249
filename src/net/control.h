/*
 * control: one byte stream to the client, with deadlines: the control connection.
 */
#ifndef STORD_CONTROL_H
#define STORD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/conn.h"

enum { CONTROL_BUFFER_SIZE = 8192 };

struct control {
    struct conn conn; /* where bytes come from and go to */
    bool ended;       /* end of input was seen */
    int stop;         /* ends every wait once it is readable; or -1 */
    size_t start;     /* first byte in buffer that nobody has taken */
    size_t end;       /* after the last byte in buffer */
    size_t used;      /* after the last byte that was ever there and has not been wiped */
    uint8_t buffer[CONTROL_BUFFER_SIZE];
};

/* Prepares a control connection over two descriptors, which it does not own. On TCP, small writes
 * go out at once and urgent bytes stay in line (RFC 959 appendix: Synch before ABOR). stop: ends
 * every wait once it can be read; or -1. */
void control_open(struct control *control, int in, int out, int stop);

/* How many bytes have been received and not taken. */
static inline size_t control_pending(const struct control *control) {
    return control->end - control->start;
}

/* Takes n of them, or drops all. Returns how many were dropped. */
void control_take(struct control *control, size_t n);
size_t control_drop(struct control *control);

/* The end of input was seen, or was not. */
void control_note_end(struct control *control, bool ended);

/* The stop has been seen: from now on no wait ends for it. */
void control_forget_stop(struct control *control);

/* Wipes from the buffer all except the bytes that have not been taken. */
void control_wipe(struct control *control);

/* Tells whether there are bytes to take, or to fill the buffer with, that poll(2) cannot see. */
static inline bool control_has_more(const struct control *control) {
    return control_pending(control) > 0 || conn_has_more(&control->conn);
}

/* Have bytes come that have not been taken? They may still be in the kernel. */
bool control_has_come(const struct control *control);

/* Waits up to timeout ms (-1: for ever) until fd (which may be the connection's or another, or -1)
 * is ready for events (poll(2)). Returns 0, -ETIMEDOUT, -ESHUTDOWN once we are to stop (unless fd
 * is ready to be written to), or another negative errno. */
int control_await(const struct control *control, int fd, short events, int timeout);

/* The same for the connection's next read. */
int control_await_read(const struct control *control, int timeout);

/* Tells whether we are to stop. */
bool control_stopped(const struct control *control);

/* Waits up to timeout ms (-1: for ever) for bytes and reads what is there into the buffer, which
 * must have been emptied. Returns 1, 0 at end of input, or a negative errno, as
 * control_await and conn_read. */
int control_fill(struct control *control, int timeout);

/* The same where poll(2) has found something already. -ETIMEDOUT: only a part of a record of TLS.
 */
int control_fill_found(struct control *control);

/* Reads what has come after the pending bytes, as far as there is room. */
void control_gather(struct control *control);

/* Writes all bytes, waiting up to timeout ms for each piece. Returns 0 or a negative errno. */
int control_write(struct control *control, const void *bytes, size_t n, int timeout);

/* Tells whether everything written over TCP has been acknowledged. The other kernel acknowledges as
 * long as its program has the connection open. */
bool control_is_acknowledged(const struct control *control);

/* Tells whether bytes have come that have not been read. Closing a socket with such bytes resets
 * the connection, and the last reply can be lost. */
bool control_has_unread(const struct control *control);

/* Nothing more is sent: under TLS, sends close_notify. */
void control_finish(struct control *control);

/* After control_finish: closes the connection, before the process ends. */
void control_close(struct control *control);

/* After control_finish: drops what still comes, until its end or for at most `time` ms, so that the
 * last reply is not lost in a reset (RFC 1122 section 4.2.2.13). */
void control_drain(struct control *control, int time);

#endif
