/*
 * source: a file to upload. What is wrong with one is told to the user here.
 */
#ifndef STORD_CLIENT_SOURCE_H
#define STORD_CLIENT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    SOURCE_BUFFER = 128 << 10, /* bytes read at once */
    NAME_SIZE = 512,           /* twice NAME_MAX, see set_name() */
};

struct source {
    const char *path;     /* as the user wrote it, for messages */
    char name[NAME_SIZE]; /* its last component, as STOR sends it */
    int fd;
    off_t left;      /* bytes still to send; -1: to the end of input */
    bool copy;       /* read and write; else sendfile */
    bool broken;     /* cannot be read to its end */
    size_t at, have; /* what is in buf and not sent */
    char buf[SOURCE_BUFFER];
};

/* Opens a file. Not a regular one, or one of /proc that hides its size: left is -1. False: the user
 * has been told why. */
bool source_open(struct source *f, const char *path);

/* Sees to it that buf has bytes to send, at most max. Returns how many, 0 at the end or when the
 * source is broken (the user has been told), or a negative errno: try again. */
ssize_t source_fill(struct source *f, size_t max);

/* The source gave nothing more: whether that is all of it. Else the user has been told. */
bool source_is_whole(const struct source *f);

void source_close(struct source *f);

#endif
