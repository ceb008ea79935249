/*
 * flight: inline uploads to stord, many in flight: ALLO, STOR and the bytes of one file after those
 * of the other, without waiting. Replies come in the same order, so many a file: that is how each
 * 226 finds its file. What is in flight is bounded in files and bytes.
 *
 * stord ends the session with the first refusal, and takes nothing that follows for commands. So
 * what was in flight behind a refused file is put back, and sent in the next session; there the
 * window begins with one file, and doubles with each that is stored.
 *
 * A large file waits for its 150 before its bytes are sent: a refusal costs none.
 */
#ifndef STORD_CLIENT_FLIGHT_H
#define STORD_CLIENT_FLIGHT_H

#include "client/plan.h"
#include "client/session.h"
#include "client/source.h"

enum {
    FLIGHT_FILES = 128,     /* in flight at most, */
    FLIGHT_BYTES = 8 << 20, /* with so many bytes; one file may be longer */
    FLIGHT_SMALL = 4 << 20, /* a longer file waits for its 150 */
    FLIGHT_BUFFER = 256 << 10
};

/* One that is in flight, and which reply comes next. */
struct flying {
    struct job *job;
    enum due { DUE_SITE, DUE_REST, DUE_ALLO, DUE_STOR, DUE_FINAL } due;
    off_t bytes;
    unsigned long long end; /* where its last byte is in what is sent */
};

struct flight {
    struct session *session;
    struct plan *plan;
    bool resumes;    /* what was interrupted is continued */
    bool spools;     /* sources without a size get one */
    bool in_batches; /* something is to be asked about each file afterwards */
    bool closed;     /* takes no more until it is empty */
    struct job
        *reading; /* the last one in flight, if not all of it is in `out` yet: source is it */
    bool waits;   /* that one is large: nothing is read before its 150 */
    struct failure broken; /* status is not 0: reading it has failed */
    struct flying ring[FLIGHT_FILES];
    size_t head, count, window;
    off_t bytes;                /* of all in flight */
    unsigned long long written; /* bytes that the server has been sent by this flight */
    struct source source;
    size_t start, end; /* what is in out and not written yet */
    char out[FLIGHT_BUFFER];
};

/*
 * Sends files of the plan, and returns the next one that has come to an end, in their order, and
 * how: failure->status is 0 if the server has confirmed it. Returns NULL when nothing is in flight
 * and nothing that it can send comes next; or after a batch.
 *
 * After a failure at the server nothing is in flight, and the session has been closed.
 */
struct job *flight_next(struct flight *flight, struct failure *failure);

/* Tells whether it can send that job: a file whose size is known. */
bool flight_takes(const struct flight *flight, const struct job *job);

#endif
