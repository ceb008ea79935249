/*
 * send: a transfer to the client, over the data connection that it prepared: of a listing or a
 * file. Everything that can be refused has been refused before; send_transfer makes the
 * connection, lets the bytes flow, and answers how they ended.
 */
#ifndef STORD_SEND_H
#define STORD_SEND_H

#include <stdint.h>
#include <sys/types.h>

#include "log/event.h"

struct session;
struct sender;

/* Writes all that is to be sent, with send_bytes and send_file. Returns 0, what those returned when
 * that was negative, or the negative errno of a failure on this side. */
typedef int send_producer(struct sender *sender, void *context);

/* What is to be sent. */
struct send_source {
    const char *path;       /* virtual path, for the log */
    const char *what;       /* for the log and the client: "file" or "listing" */
    enum event event;       /* when all went well */
    const char *note;       /* for the end of reply 150, or "" */
    send_producer *produce; /* writes it */
    void *context;          /* for produce */
};

/* 425 when no data connection has been prepared. Returns 0 when one has, 1 when it was answered,
 * or a negative errno. */
int send_refuse(struct session *session);

/* The transfer, from reply 150 to 226, 425, 426 or 451 (RFC 959 section 5.4). A connection whose
 * bytes are not all that there was is reset, so that no client takes them for the whole, except
 * after ABOR. Returns as reply_send. */
int send_transfer(struct session *session, const struct send_source *source);

/* Sends n bytes; buffered. Meanwhile the control connection is attended to. Returns 0 or a negative
 * errno: -ECANCELED after ABOR, -ETIMEDOUT when the client takes nothing for too long, -ENOTCONN
 * when it has left the control connection, or what send(2) said. */
int send_bytes(struct sender *sender, const void *bytes, size_t n);

/* Sends n bytes of a file from an offset on. Returns as send_bytes; -ESTALE when the file ends
 * before that; or what reading said. */
int send_file(struct sender *sender, int fd, off_t offset, uint64_t n);

#endif
