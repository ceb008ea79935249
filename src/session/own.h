/*
 * own: what a session itself has uploaded and made. That it may see and manage without the rights
 * to list, read, rename and delete. Pure: touches no file.
 */
#ifndef STORD_OWN_H
#define STORD_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"

enum {
    OWN_LIMIT = 100000, /* files and folders that are remembered; of more, the newest, */
    OWN_BYTES = 8 << 20 /* whose paths together have no more bytes than that, with their NULs */
};

struct own_entry {
    char *path;        /* what the client calls it: a virtual path */
    char *real;        /* where it is, if it was given another name than that; else NULL */
    struct path_id id; /* which file it is: somebody else's may have got its name since */
    uint64_t order;    /* the older, the lower */
};

struct own {
    struct own_entry *rows; /* sorted by path */
    size_t count, room;
    size_t bytes;   /* of all paths */
    uint64_t order; /* of the newest */
    bool forgot;    /* the oldest, for there were too many */
};

/* Remembers a file or folder, instead of what was called so. real may be NULL. Where there are too
 * many, the oldest are forgotten: they are the client's as before, and all that it may do with them
 * is what it may do with anybody's. Returns 0 or -ENOMEM. */
int own_remember(struct own *own, const char *path, const char *real, const struct path_id *id);

/* What is called so, or NULL. Good until the next change. */
const struct own_entry *own_find(const struct own *own, const char *path);

void own_forget(struct own *own, const char *path);
void own_forget_all(struct own *own);

/* What the client called `from` is called `to` now, and what is in it, if it is a folder,
 * accordingly. real: where it is, if not there, or NULL. Returns as own_remember. */
int own_move(struct own *own, const char *from, const char *to, const char *real);

/* Calls with the name of each that is in that folder, until one call does not return 0. Returns
 * what the last one did. Nothing may change meanwhile. */
int own_each(const struct own *own, const char *folder,
             int (*call)(void *context, const char *name), void *context);

/* The same with all of them, the oldest first. Returns -ENOMEM without a call, or as own_each. */
int own_each_by_age(const struct own *own,
                    int (*call)(void *context, const struct own_entry *entry), void *context);

#endif
