/*
 * oldest: makes room in a home, by removing its oldest files, for an upload that would not fit. A
 * part of store.
 *
 * How old a file is, its time of last change (ctime) tells, which no client can set: it is at least
 * an hour old, or stays. Nothing goes if all that may go would not be enough. What may go are plain
 * files with a name that is not reserved, which nobody is uploading or changing. No link is
 * followed.
 */
#ifndef STORD_OLDEST_H
#define STORD_OLDEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/path.h"
#include "store/turn.h"
#include "store/usage.h"

struct oldest_file;

/* Called for each file that has gone. path: virtual, in the home; seconds: how old it was. */
typedef void oldest_gone(void *context, const char *path, uint64_t bytes, uint64_t seconds);

/* Where they are, and who looks. What it points to must outlive it. */
struct oldest_home {
    const struct path_root *root; /* the home */
    const char *owner;            /* whose uploads may be in flight there */
    struct turns *turns;          /* of the session */
    int stop;                     /* the work ends once it is readable; or -1 */
    oldest_gone *gone;
    void *context;
};

struct oldest {
    struct oldest_home home;
    struct oldest_file *files; /* which the last walk found, the oldest first */
    size_t count;              /* of them, */
    size_t next;               /* and the one that goes next */
    long long rest;            /* by clock_ms: no walk before, because the last one was in vain */
};

/* What is lacking. */
struct oldest_need {
    struct amount amount; /* bytes and names */
    bool on_disk;         /* bytes of the file system `device`; else of the quota */
    dev_t device;
    uint64_t own; /* turn_kind_of_name of the upload's own name, which stays */
};

/* Nothing has been looked for. */
void oldest_init(struct oldest *ret_oldest, const struct oldest_home *home);

/* Removes files until so much has gone; counts that in the usage of the home, which must not be
 * locked. Takes turns, but waits for none. Returns 0, or a negative errno: -ENOSPC if there is not
 * so much that may go, -ESHUTDOWN. */
int oldest_make_room(struct oldest *oldest, struct usage *usage, const struct oldest_need *need);

/* Forgets which files were found: before the home changes, and at the end. */
void oldest_forget(struct oldest *oldest);

#endif
