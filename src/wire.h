/*
 * wire: one connection's bytes, as they are or under TLS.
 */
#ifndef STORD_WIRE_H
#define STORD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tls.h"

/* Does that errno, negative or not, only mean to try again? */
bool wire_is_passing(int error);

struct wire {
    int in;                            /* where bytes come from */
    int out;                           /* where bytes go to; may be the same */
    bool in_socket;                    /* in is a socket */
    bool out_socket;                   /* out is a socket */
    short reading;                     /* what poll has to wait for before the next read */
    short writing;                     /* and before the next write: under TLS perhaps the other */
    struct tls_stream *tls;            /* NULL: without TLS */
    const struct tls_library *library; /* of tls */
};

/* A wire over two descriptors, which it does not own, without TLS. */
void wire_open(struct wire *wire, int in, int out);

/* The same over one descriptor that is known to be a socket. */
void wire_open_socket(struct wire *wire, int fd);

/* Goes on under TLS: `tls` is the wire's from now on. */
void wire_secure(struct wire *wire, const struct tls_library *library, struct tls_stream *tls);

/* Goes on without TLS. */
void wire_bare(struct wire *wire);

/* Reads what is there, up to n bytes. Pipes without TLS are waited for. Returns how many, 0 at the
 * end, -EAGAIN when there is nothing yet; or another negative errno, TLS_TRUNCATED
 * and TLS_BROKEN among them. */
ssize_t wire_read(struct wire *wire, void *bytes, size_t n);

/* Writes some of n bytes. Returns as wire_read. Under TLS the same bytes must come again after
 * -EAGAIN. */
ssize_t wire_write(struct wire *wire, const void *bytes, size_t n);

/* Goes on with the handshake. Returns 0, -EAGAIN (see wire_reading), or another negative errno. */
int wire_handshake(struct wire *wire);

/* What to poll before the next read, or write: the events, and the descriptor in *ret_fd. */
short wire_reading(const struct wire *wire, int *ret_fd);
short wire_writing(const struct wire *wire, int *ret_fd);

/* Has received what poll does not tell of. */
bool wire_has_more(const struct wire *wire);

/* See tls_library. */
void wire_read_ahead(struct wire *wire, bool on);

/* See tls_library. */
void wire_be_lenient(struct wire *wire);

/* Tells the other side, under TLS, that nothing more will be sent. */
void wire_end(struct wire *wire);

/* Why TLS failed; "" when it did not. */
const char *wire_error(const struct wire *wire);

#endif
