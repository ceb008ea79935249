/*
 * channel: one byte stream to the client, with deadlines: the control connection.
 */
#ifndef STORD_CHANNEL_H
#define STORD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire.h"

enum { CHANNEL_BUFFER_SIZE = 8192 };

struct channel {
    struct wire wire; /* where bytes come from and go to */
    bool ended;       /* end of input was seen */
    int stop;         /* ends every wait once it is readable; or -1 */
    size_t start;     /* first byte in buffer that nobody has taken */
    size_t end;       /* behind the last byte in buffer */
    uint8_t buffer[CHANNEL_BUFFER_SIZE];
};

/* Prepares a channel over two descriptors, which it does not own. On TCP, small writes go out at
 * once and urgent bytes stay in line (RFC 959 appendix: Synch before ABOR). */
void channel_open(struct channel *channel, int in, int out);

/* Bytes received that nobody has taken. */
static inline size_t channel_pending(const struct channel *channel) {
    return channel->end - channel->start;
}

/* Tells whether there is something to take, or to fill the buffer with, that poll does not tell of.
 */
static inline bool channel_has_more(const struct channel *channel) {
    return channel_pending(channel) > 0 || wire_has_more(&channel->wire);
}

/* Has anything come that nobody has taken, be it still in the kernel? */
bool channel_has_come(const struct channel *channel);

/* Waits up to timeout ms (-1: for ever) until fd (which may be the channel's or another, or -1) is
 * ready for events (poll(2)). Returns 0, -ETIMEDOUT, -ESHUTDOWN once we are to stop (unless fd is
 * ready to be written to), or another negative errno. */
int channel_await(const struct channel *channel, int fd, short events, int timeout);

/* The same for what has to come before the next read. */
int channel_await_read(const struct channel *channel, int timeout);

/* Tells whether we are to stop. */
bool channel_stopped(const struct channel *channel);

/* Waits up to timeout ms (-1: for ever) for bytes and reads what is there into the buffer, which
 * must have been emptied. Returns 1, 0 at end of input, or a negative errno, as
 * channel_await and wire_read. */
int channel_fill(struct channel *channel, int timeout);

/* Reads more behind what is pending, as far as it has come and there is room. */
void channel_gather(struct channel *channel);

/* Writes all bytes, waiting up to timeout ms for each piece. Returns 0 or a negative errno. */
int channel_write(struct channel *channel, const void *bytes, size_t n, int timeout);

/* Tells whether all that was written over TCP has been acknowledged. The kernel at the other end
 * does so as long as its program has the connection open. */
bool channel_is_acknowledged(const struct channel *channel);

/* Tells whether bytes have come that nobody has read. Closing a socket with such bytes resets the
 * connection, and the last reply can be lost. */
bool channel_has_unread(const struct channel *channel);

/* Nothing more is sent: under TLS the client is told. */
void channel_finish(struct channel *channel);

/* After channel_finish, what still comes in is dropped until its end, or for at most time ms. So
 * that a last reply is not lost in a reset (RFC 1122 section 4.2.2.13). */
void channel_drain(struct channel *channel, int time);

#endif
