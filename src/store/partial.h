/*
 * partial: what arrived of an upload that was interrupted. It belongs to an owner and a virtual
 * path; to its owner it looks like a shorter file of that name, and can be gone on with.
 *
 *   ROOT/.stord.unfinished/OWNER/virtual/path/.stord.partial-BASE-ID
 *
 * BASE is the version of what had the name when the upload began, ID is random. Once something else
 * has the name, the upload is void: that was published later, and must neither be hidden nor mixed
 * with it. What has left the name again counts, too: who publishes leaves a mark for uploads that
 * are in flight. Who may not see what has the name must not learn of it in this way: there, nothing
 * counts but marks of the owner's other sessions. Whoever changes partials of a name has its turn
 * (see turn), as long as one can be had; those that do not count are removed without.
 */
#ifndef STORD_PARTIAL_H
#define STORD_PARTIAL_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/path.h"
#include "store/usage_text.h"
#include "store/version.h"

#define PARTIAL_PREFIX PATH_RESERVED_PREFIX "partial-"

enum { PARTIAL_NAME_SIZE = sizeof(PARTIAL_PREFIX) + 16 + 1 + 16 };

/* Where the partials of one name are. */
struct partial {
    const struct path_root *root;
    const char *owner; /* who uploads: one part of a name */
    const char *path;  /* virtual path of the upload */
    unsigned hours;    /* older ones do not count; 0: none does, and none is kept */
};

/* One of them. */
struct partial_found {
    char name[PARTIAL_NAME_SIZE];
    uint64_t base;  /* the version that had the name when the upload began */
    uint64_t id;    /* which one it is; never 0 */
    struct stat st; /* what it looks like */
};

/* Finds the newest one. Returns 0, -ENOENT when there is none, or another negative errno. */
int partial_find(const struct partial *partial, struct partial_found *ret_found);

/* Is it void, because something else was published under the name since? now: the version that has
 * the name, VERSION_HIDDEN where that is not to matter. What was only taken away makes nothing
 * void.
 */
bool partial_is_void(const struct partial_found *found, uint64_t now);

/* What all partials of that name come to, also those that do not count. Returns 0 or a negative
 * errno. */
int partial_amount(const struct partial *partial, struct amount *ret_held);

/* Takes the partial over: it is called `name` in the folder `reserved` from now on, so that no
 * other session goes on with it. Returns 0 or a negative errno, as partial_find. */
int partial_take(const struct partial *partial, const struct partial_found *found, int reserved,
                 const char *name);

/* Makes the file called `name` in the folder `from` the partial, instead of those that are there.
 * Returns 0 or a negative errno: -EXDEV when it is on another file system. */
int partial_keep(const struct partial *partial, uint64_t base, int from, const char *name);

/* Makes an empty file the partial, as partial_keep. */
int partial_mark(const struct partial *partial, uint64_t base);

/* Removes that one, for it is void. Whether that can be done does not matter: it does not count. */
void partial_drop(const struct partial *partial, const struct partial_found *found);

/* Removes all partials of that name. Returns 0, -ENOENT when there is none, or another negative
 * errno. */
int partial_remove(const struct partial *partial);

/* The folder that partial->path names was removed: that of partials in it goes, too, if there are
 * none. Whether that can be done does not matter. */
void partial_drop_folder(const struct partial *partial);

/* The folder that from->path names is called `to` now: moves the partials in it. Returns 0, -ENOENT
 * when there are none, or another negative errno. */
int partial_move_folder(const struct partial *from, const char *to);

/* The partials in the folder that partial->path names. NULL when there are none. */
DIR *partial_folder(const struct partial *partial);

/* The one of the name `name` in that folder, as partial_find. */
int partial_find_in(const struct partial *partial, DIR *folder, const char *name,
                    struct partial_found *ret_found);

#endif
