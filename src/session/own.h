/*
 * own: what a session itself has uploaded and made, which it may see and manage without the rights
 * to list, read, rename and delete. Pure: touches no file.
 */
#ifndef STORD_OWN_H
#define STORD_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"

enum {
    OWN_LIMIT = 100000, /* files and folders that are remembered, the newest, */
    OWN_BYTES = 8 << 20 /* and bytes of their paths together, with the NULs */
};

struct own_entry {
    const char *path;  /* the client's name for it: a virtual path */
    const char *real;  /* where it is, if it got another name; else NULL */
    struct path_id id; /* which file it is: another may have its name by now */
    /* own's alone: its place in the tree and in the list */
    struct own_entry *left, *right, *older, *newer;
    uint64_t rank;
    char text[]; /* the paths */
};

/* What is remembered: a tree that is sorted by path, and a list by age. Each change takes steps as
 * many as the logarithm of the count. */
struct own {
    struct own_entry *tree, *oldest, *newest;
    size_t count;
    size_t bytes;  /* of all paths */
    uint64_t rank; /* of the entry that came last */
    bool forgot;   /* the oldest were forgotten, as there were too many */
};

/* Remembers a file or folder, in place of what had that path. real may be NULL. If there are too
 * many, the oldest are forgotten: the client may do no more with them than with anybody's. Returns
 * 0 or -ENOMEM. */
int own_remember(struct own *own, const char *path, const char *real, const struct path_id *id);

/* The entry of that path, or NULL. Valid until the next change. */
const struct own_entry *own_find(const struct own *own, const char *path);

void own_forget(struct own *own, const char *path);
void own_forget_all(struct own *own);

/* What the client called `from` is now called `to`; if it is a folder, what is in it moves along.
 * real: where it is if not at `to`, or NULL. Returns as own_remember. */
int own_move(struct own *own, const char *from, const char *to, const char *real);

/* Calls `call` with the name of each entry directly in that folder, until a call does not return 0.
 * Returns the result of the last call. Nothing may change meanwhile. */
int own_each(const struct own *own, const char *folder,
             int (*call)(void *context, const char *name), void *context);

/* The same with all entries, the oldest first. */
int own_each_by_age(const struct own *own,
                    int (*call)(void *context, const struct own_entry *entry), void *context);

#endif
