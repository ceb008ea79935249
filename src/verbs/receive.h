/*
 * receive: the bytes of an upload, over a data connection or inline, and what their end means.
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
    struct session *session; /* whose they are */
    struct store *store;     /* the transaction that gets them */
    struct conn data;        /* filled in: the data connection, where they come over one */
    struct conn *conn;       /* filled in: the connection that they come over */
    bool may_be_tls;         /* likewise: the first bytes may be a client's that forgot PROT P, */
    bool is_tls;             /* and they were */
    bool is_inline;          /* over the control connection */
    bool converts;           /* line ends are converted: the client counts other bytes than we */
    bool announced;          /* ALLO said how many there will be */
    uint64_t size;           /* that many */
    bool is_contested;       /* filled in by a look: another connection has come to that port */
};

/* How we know that an upload is whole, or why it is not (doc/design.md, "Verdicts"). */
struct verdict {
    const char *word;   /* for the log */
    const char *reason; /* for the client; NULL when the upload is whole */
    int code;           /* of the reply, where there is a reason */
    const char *pardon; /* the option that would take such an upload for whole; or NULL */
};

/* Takes the bytes. An inline upload that ran to the end of input ends the session. Returns 0 with
 * *ret_result filled, or a negative errno when there is no data connection, as data_connect. */
int receive_bytes(struct receive_job *job, struct copy_result *ret_result);

/* Looks at the control connection and the port, behind the bytes that came over a data connection:
 * is the client still there, does it want to abort? Runs what it sends that is allowed during a
 * transfer. */
void receive_look(struct receive_job *job);

/* Judges how they ended, when that was not COPY_FAILED, by the last look. */
const struct verdict *receive_judge(const struct receive_job *job,
                                    const struct copy_result *result);

/* Once more, before the upload is published, which so far was whole when the data ended (at that
 * moment, as clock_ms tells it). Waits as long as a client that was killed may take to lose its
 * control connection, too: a kernel closes the connections of a process one after the other, mostly
 * the data connection first; not where the size is known. Waits for what else came to the port, and
 * finds out whether a client that has ended its side of the control connection is still there. */
const struct verdict *receive_confirm(struct receive_job *job, const struct copy_result *result,
                                      const struct verdict *verdict, long long ended);

/* The verdict on an upload of which nothing is known but that its end was clean. */
extern const struct verdict receive_closed;

/* The verdict on one that may be somebody else's. */
extern const struct verdict receive_contested;

/* The verdict on an upload that ends with fewer bytes than a first try of it in the same session.
 */
extern const struct verdict receive_shrunk;

#endif
