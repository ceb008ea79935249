/*
 * source: a file to upload.
 */
#ifndef STORD_CLIENT_SOURCE_H
#define STORD_CLIENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "client/failure.h"
#include "client/job.h"

enum {
    SOURCE_BUFFER_SIZE = 256 << 10, /* bytes read at once, */
    SOURCE_TAIL = 64 << 10          /* and of the end, which is sent after a last look */
};

struct source {
    const char *path; /* as the user wrote it, for messages */
    int fd;
    off_t size; /* bytes in it; -1: up to the end of input */
    off_t left; /* bytes still to send; or -1 */
    off_t sent; /* bytes that went to the server */
    bool copy;  /* by read and write; else by sendfile */
    bool is_plain;
    bool began;              /* something has been read of it */
    struct job_identity was; /* if is_plain: when it was opened */
    size_t start, end;       /* what is in buffer and not yet sent */
    char buffer[SOURCE_BUFFER_SIZE];
};

/* Opens the file of a job. spool: a source without a size is read to its end first. Notes in the
 * job what is sent. False: see the failure. */
bool source_open(struct source *source, struct job *job, bool spool, struct failure *failure);

/* Begins at that byte. False: see the failure. */
bool source_seek(struct source *source, off_t offset, struct failure *failure);

/* Makes sure that buffer has bytes to send, reading up to `most` if it has none. Returns how many;
 * 0 at the end; or a negative errno. */
ssize_t source_fill(struct source *source, size_t most);

/* Tells whether a plain file is as it was when it was opened. False: see the failure. */
bool source_is_same(const struct source *source, struct failure *failure);

/* Tells whether these are the same file with the same content. */
bool source_is_it(const struct job_identity *a, const struct job_identity *b);

/* Opens the plain file of a job once more, if it still is what was sent. Returns a descriptor or
 * -1. */
int source_reopen(const struct job *job);

void source_close(struct source *source);

#endif
