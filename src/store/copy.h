/*
 * copy: moves the bytes of an upload into its file, and of one file into another.
 */
#ifndef STORD_COPY_H
#define STORD_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

#define COPY_UNLIMITED UINT64_MAX

/* How the bytes ended. */
enum copy_end {
    COPY_CLOSED,  /* the source ended by itself */
    COPY_LIMIT,   /* as many bytes as were asked for */
    COPY_CUT,     /* TLS ended without close_notify, as when an attacker cuts it; error says whether
                   * between two records (TLS_TRUNCATED) or in one (TLS_TORN) */
    COPY_RESET,   /* the connection broke; error says how */
    COPY_STALLED, /* nothing moved for too long */
    COPY_ABORTED, /* the client asked for the end */
    COPY_STOPPED, /* we were asked to stop */
    COPY_FAILED   /* writing the file failed, or it may not get more; error says why */
};

struct copy_result {
    enum copy_end end;
    int error;         /* negative errno or 0 */
    uint64_t received; /* bytes that came from the source */
    uint64_t written;  /* bytes that the file has got: fewer if line ends are converted */
};

/* Reads what is there. Returns as conn_read. */
typedef ssize_t copy_read(void *context, void *bytes, size_t n);

/* Waits until there is something to read, or only looks whether the transfer is to end. Returns 0,
 * -ETIMEDOUT, -ECANCELED (end the transfer), -ESHUTDOWN (we are to stop) or another negative
 * errno. */
typedef int copy_wait(void *context);

/* Gets bytes that have been written to the file, each once and in their order. */
typedef void copy_tap(void *context, const void *bytes, size_t n);

/* May the file get so many bytes? Asked now and then, and before it exceeds `most`; *ret_most is
 * the new limit. Returns 0 or a negative errno. */
typedef int copy_check(struct store *store, uint64_t size, uint64_t *ret_most);

/* A file that bytes are written to. */
struct copy_sink {
    int fd;            /* the file, */
    uint64_t offset;   /* and its offset */
    uint64_t most;     /* bytes that it may have without asking `check` */
    copy_check *check; /* for more */
    struct store *store;
};

struct copy {
    bool blocks;         /* `read` must not be called before `wait` */
    size_t gather;       /* bytes to write at once, while more come; 0: write after each read */
    struct copy_sink to; /* the file */
    uint64_t *progress;  /* kept at the bytes received so far */
    const uint8_t *head; /* bytes that have been received: they come first */
    size_t head_length;
    uint64_t limit; /* bytes to take at most, head included; or COPY_UNLIMITED */
    bool ascii;     /* line ends CR LF become LF (RFC 959 section 3.1.1.1) */
    copy_read *read;
    copy_wait *wait;
    copy_wait *look; /* without waiting */
    copy_tap *tap;   /* or NULL */
    void *context;   /* of all four */
};

/* Receives into the file. Small uploads cost one read and one write; large ones go in large
 * pieces whose write-back starts early, so that the final fsync is short. */
struct copy_result copy_receive(const struct copy *copy);

/* Copies n bytes of a file at the current offsets; the file system may share them instead. Returns
 * 0 or a negative errno: -ERANGE if there are fewer, -ESHUTDOWN once the descriptor `stop` (or -1)
 * is readable. */
int copy_file(int from, int to, uint64_t n, int stop);

#endif
