/*
 * conn: a connection to the server, in clear text or inside TLS. It never blocks.
 *
 * Results: 0 or bytes, else a negative errno or one of tls.h's; conn_reason() puts it in words.
 */
#ifndef STORD_CLIENT_CONN_H
#define STORD_CLIENT_CONN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "net/tls.h"

/* src/tls/, which is linked in. */
extern const struct tls_library stord_tls;

struct conn {
    int fd;                 /* -1: there is none */
    struct tls_stream *tls; /* NULL: clear text */
    bool shaking;           /* the handshake is not over */
    bool resets;            /* it ends by a reset */
    bool more;              /* more may be read that poll does not tell of */
    short reading, writing; /* what poll has to wait for before the next read, the next write */
};

/* What connecting to one address may take, and the handshake may stand still: ms */
enum { CONN_CONNECT_MS = 30 * 1000 };

/* poll(2) that goes on after signals. */
int poll_again(struct pollfd *fds, nfds_t n, int ms);

/* Connects to one address; waits for it. */
int conn_connect(struct conn *c, const struct sockaddr *address, socklen_t size);

/* Begins TLS. beside: NULL, or the control connection whose session a data connection resumes. The
 * handshake is to follow. Returns 0 or -ENOMEM. */
int conn_secure(struct conn *c, struct tls_context *context, const struct conn *beside);

/* Goes on with the handshake. -EAGAIN: poll for `writing`, then again. */
int conn_handshake(struct conn *c);

/* Reads what is there. Returns bytes, 0 at the end, -EAGAIN (poll for `reading`), TLS_TRUNCATED at
 * an end without close_notify. */
ssize_t conn_read(struct conn *c, void *bytes, size_t n);

/* Returns how many were written, perhaps not all, or -EAGAIN: poll for `writing`, then come with
 * the same bytes. */
ssize_t conn_write(struct conn *c, const void *bytes, size_t n);

/* Tells the other side that nothing more comes, and that this is all: by close_notify in TLS, else
 * by shutdown(2). It may still be read from. -EAGAIN as with conn_write. */
int conn_end(struct conn *c);

/* Whether the end of the connection, be it by conn_close or by the death of this process, is a
 * reset. That tells the other side that what came before is not whole. */
void conn_end_by_reset(struct conn *c, bool reset);

/* Closes it; inside TLS with a close_notify, unless by a reset. */
void conn_close(struct conn *c);

/* A failure in words, valid as long as the connection. */
const char *conn_reason(const struct conn *c, ssize_t result);

#endif
