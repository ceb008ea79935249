/*
 * conn: one connection's bytes, plain or under TLS.
 */
#ifndef STORD_CONN_H
#define STORD_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/tls.h"

/* Does that errno only mean to try again? */
bool conn_is_passing(int error);

struct conn {
    int in;                            /* where bytes come from */
    int out;                           /* where bytes go to; may be the same */
    bool in_socket;                    /* in is a socket */
    bool out_socket;                   /* out is a socket */
    short reading;                     /* what poll has to wait for before the next read */
    short writing;                     /* and before the next write: may be POLLIN under TLS */
    struct tls_stream *tls;            /* NULL: without TLS */
    const struct tls_library *library; /* of tls */
};

/* A connection over two descriptors, which it does not own, without TLS. */
void conn_open(struct conn *conn, int in, int out);

/* The same over one descriptor that is known to be a socket. */
void conn_open_socket(struct conn *conn, int fd);

/* Continues under TLS, and takes over `tls`. */
void conn_secure(struct conn *conn, const struct tls_library *library, struct tls_stream *tls);

/* Continues without TLS, and frees the stream. */
void conn_bare(struct conn *conn);

/* Is it under TLS? */
static inline bool conn_is_secure(const struct conn *conn) {
    return conn->tls != NULL;
}

/* Reads what is there, up to n bytes. A pipe without TLS is waited for. Returns how many, 0 at the
 * end, -EAGAIN if there is nothing yet, or another negative errno, with TLS also those of
 * net/tls.h. */
ssize_t conn_read(struct conn *conn, void *bytes, size_t n);

/* Writes some of n bytes. Returns as conn_read. Under TLS the same bytes must come again after
 * -EAGAIN. */
ssize_t conn_write(struct conn *conn, const void *bytes, size_t n);

/* Continues the handshake. Returns 0, -EAGAIN (see conn_reading), or another negative errno. */
int conn_handshake(struct conn *conn);

/* What to poll before the next read, or write: the events, and the descriptor in *ret_fd. */
short conn_reading(const struct conn *conn, int *ret_fd);
short conn_writing(const struct conn *conn, int *ret_fd);

/* Holds buffered bytes that poll(2) cannot see. */
bool conn_has_more(const struct conn *conn);

/* See tls_library. */
void conn_read_ahead(struct conn *conn, bool on);

/* See tls_library. */
void conn_be_lenient(struct conn *conn);

/* Tells the other side, under TLS, that nothing more will be sent. */
void conn_end(struct conn *conn);

/* Why TLS failed; "" if it did not. */
const char *conn_error(const struct conn *conn);

#endif
