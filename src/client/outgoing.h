/*
 * outgoing: what only the uploader does with a connection: it opens and closes it, begins TLS as
 * the client, and ends what it sends so that the server can tell whether that was all. The bytes
 * themselves are read and written by net/conn; in a closed connection `in` is -1.
 *
 * Results: 0 or bytes, else a negative errno or one of net/tls.h.
 */
#ifndef STORD_CLIENT_OUTGOING_H
#define STORD_CLIENT_OUTGOING_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "net/conn.h"

/* The module of src/tls/, which is linked in. */
extern const struct tls_library stord_tls;

/* How long one step of a handshake may take: ms */
enum { OUTGOING_STEP_MS = 30 * 1000 };

/* How connections are made. */
struct outgoing_rules {
    struct sockaddr_storage from; /* our address; AF_UNSPEC: the kernel chooses */
    socklen_t from_size;
    int timeout; /* s for one address */
};

/* What to poll before the next read, or write. */
struct pollfd outgoing_to_read(const struct conn *conn);
struct pollfd outgoing_to_write(const struct conn *conn);

/* Connects to one address and waits for it. The socket does not block. On failure the connection is
 * closed. */
int outgoing_open(struct conn *ret_conn, const struct outgoing_rules *rules,
                  const struct sockaddr *address, socklen_t size);

/* A connection over our end of something else than a network: see client/program.h. Its reset ends
 * that program. */
void outgoing_adopt(struct conn *ret_conn, int fd);

/* Begins TLS (RFC 4217). beside: NULL for the control connection; for a data connection the control
 * connection, whose TLS session is resumed. The handshake is still to come. Returns 0 or
 * -ENOMEM. */
int outgoing_secure(struct conn *conn, struct tls_context *context, const struct conn *beside);

/* Continues the handshake. Returns 0 once it is over; on -EAGAIN poll to write, then call again;
 * other errors: see outgoing_handshake_reason. */
int outgoing_handshake(struct conn *conn);

/* As conn_write, except that it may write more than one record of TLS. */
ssize_t outgoing_write(struct conn *conn, const void *bytes, size_t n);

/* Tells the server that all was sent: by close_notify under TLS, else by shutdown(2). Reading is
 * still possible. Returns 0; on -EAGAIN poll to write, then call again; or an error. */
int outgoing_end(struct conn *conn);

/* Sets whether outgoing_close, or the death of this process, resets the connection: a reset tells
 * the server that what came before is not complete. */
void outgoing_end_by_reset(struct conn *conn, bool reset);

/* Closes it, under TLS with close_notify unless by a reset. Closing twice is harmless. */
void outgoing_close(struct conn *conn);

/* An error of reading or writing, or of the handshake, as text. Valid until the connection is
 * closed. */
const char *outgoing_reason(const struct conn *conn, ssize_t result);
const char *outgoing_handshake_reason(const struct conn *conn, int result);

#endif
