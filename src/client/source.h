/*
 * source: a file to upload. Tells the user what is wrong with one.
 */
#ifndef STORD_CLIENT_SOURCE_H
#define STORD_CLIENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    SOURCE_BUFFER_SIZE = 128 << 10, /* bytes read at once */
    SOURCE_NAME_SIZE = 512          /* twice NAME_MAX: see set_name */
};

struct source {
    const char *path;            /* as the user wrote it, for messages */
    char name[SOURCE_NAME_SIZE]; /* its last component, as STOR sends it */
    int fd;
    off_t left;        /* bytes still to send; -1: up to the end of input */
    bool copy;         /* by read and write; else by sendfile */
    bool broken;       /* cannot be read to its end */
    size_t start, end; /* what is in buffer and not yet sent */
    char buffer[SOURCE_BUFFER_SIZE];
};

/* Opens a file. If it is not a regular one, or one of /proc that hides its size, left is -1. False:
 * the user has been told why. */
bool source_open(struct source *source, const char *path);

/* Makes sure that buffer has bytes to send, reading up to `most` if it has none. Returns how many;
 * 0 at the end, or if the source is broken (the user has been told); or -EAGAIN. */
ssize_t source_fill(struct source *source, size_t most);

/* Tells, once the source gives nothing more, whether that was all. If not, the user has been
 * told. */
bool source_is_whole(const struct source *source);

void source_close(struct source *source);

#endif
