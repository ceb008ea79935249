/*
 * receive: the bytes of an upload, over a data connection or inline, and the verdict on their end.
 */
#ifndef STORD_RECEIVE_H
#define STORD_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/conn.h"
#include "store/copy.h"

struct session;
struct store;

/* Where the bytes of one upload come from and go to. */
struct receive_job {
    struct session *session; /* the session that receives them */
    struct store *store;     /* the transaction that gets them */
    struct conn data;        /* filled in: the data connection, if they come over one */
    struct conn *conn;       /* filled in: the connection that they come over */
    bool may_be_tls;         /* filled in: the client may have forgotten PROT P, */
    bool is_tls;             /* and has: the first bytes were TLS */
    bool is_inline;          /* over the control connection */
    bool converts;           /* line ends are converted: the client's count differs from ours */
    copy_tap *tap;           /* gets what is written, with this job as its context; or NULL */
    bool announced;          /* ALLO said how many there will be */
    uint64_t size;           /* that many */
    long long begun;         /* filled in: when it began to wait for the bytes, by clock_us, */
    long long ended;         /* and when the last of them had come; */
    long long still;         /* microseconds of waiting since they had */
    bool is_told;            /* likewise: TLS told their end, */
    bool is_lossy;           /* the network loses packets */
    bool is_contested;       /* filled in by a look: another connection has come to that port */
};

/* Whether an upload is whole, and why (doc/design.md, "Verdicts"). */
struct verdict {
    const char *word;   /* for the log */
    const char *reason; /* for the client; NULL: the upload is whole */
    int code;           /* of the reply, if there is a reason */
    const char *pardon; /* the option that would accept the upload; or NULL */
};

/* Receives the bytes. An inline upload that did not end by its size ends the session. Returns 0
 * with *ret_result filled, or a negative errno of data_connect. */
int receive_bytes(struct receive_job *job, struct copy_result *ret_result);

/* After the bytes of a data connection: looks whether the client has left or aborts, and whether
 * another connection has come to the port. Runs commands that are allowed during a transfer. */
void receive_look(struct receive_job *job);

/* Judges the end of the bytes, if that was not COPY_FAILED, by the last look. */
const struct verdict *receive_judge(const struct receive_job *job,
                                    const struct copy_result *result);

/* Once more, before the upload is published, which so far was whole. Waits as long as a client that
 * was killed may take to lose its control connection, too (--vanish-wait, see vanish); not where
 * the size is known. Waits for what else came to the port, and finds out whether a client that has
 * ended its side of the control connection is still there. */
const struct verdict *receive_confirm(struct receive_job *job, const struct copy_result *result,
                                      const struct verdict *verdict);

/* The verdict on one whose bytes may be another client's. */
extern const struct verdict receive_contested;

/* The verdict on an upload that ends with fewer bytes than the try before in the same session. */
extern const struct verdict receive_shrunk;

/* We are to stop. */
extern const struct verdict receive_stopped;

#endif
