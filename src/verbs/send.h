/*
 * send: a transfer to the client of a listing or a file, over the data connection that it prepared.
 * What can be refused has been refused before; send_transfer makes the connection, sends the bytes,
 * and replies how they ended.
 */
#ifndef STORD_SEND_H
#define STORD_SEND_H

#include <stdint.h>
#include <sys/types.h>

#include "log/event.h"

struct session;
struct sender;

/* Sends everything, with send_bytes and send_file. Returns 0, a negative result of those, or the
 * negative errno of a local failure. */
typedef int send_producer(struct sender *sender, void *context);

/* What is to be sent. */
struct send_source {
    const char *path;       /* virtual path, for the log */
    const char *what;       /* for the log and the client: "file" or "listing" */
    uint64_t size;          /* bytes that will be sent; 0: not known */
    enum event event;       /* logged if all went well */
    const char *note;       /* for the end of reply 150, or "" */
    send_producer *produce; /* writes it */
    void *context;          /* for produce */
};

/* Replies 425 if no data connection has been prepared. Returns 0 if one has, 1 after the reply, or
 * a negative errno. */
int send_refuse(struct session *session);

/* The transfer, from reply 150 to 226, 425, 426 or 451 (RFC 959 section 5.4). An incomplete
 * transfer ends in a reset, so that no client takes it for complete, except after ABOR. Returns as
 * reply_send. */
int send_transfer(struct session *session, const struct send_source *source);

/* Sends n bytes, buffered. Meanwhile the control connection is attended to. Returns 0 or a negative
 * errno: -ECANCELED after ABOR, -ETIMEDOUT if the client takes nothing for too long, -ENOTCONN if
 * it has left the control connection, -ESHUTDOWN, or that of conn_write. */
int send_bytes(struct sender *sender, const void *bytes, size_t n);

/* Sends n bytes of a file from an offset on. Returns as send_bytes; -ESTALE if the file ends before
 * that, or the errno of reading. */
int send_file(struct sender *sender, int fd, off_t offset, uint64_t n);

#endif
