/*
 * partial: what arrived of an upload that was interrupted. It belongs to an owner and a virtual
 * path; to its owner it looks like a shorter file of that name, and can be resumed.
 *
 *   ROOT/.stord.unfinished/OWNER/virtual/path/.stord.partial-BASE-ID
 *
 * BASE is the version of what had the name when the upload began, ID is random. Once something else
 * has the name, the upload is void: the other was published later, and must neither be hidden nor
 * mixed with it. That counts even if it has lost the name again: a session that publishes leaves a
 * mark for uploads in flight. A client that may not see what has the name must not learn of it in
 * this way: there, only marks of the owner's other sessions count. Partials of a name are changed
 * in its turn (see turn), if one is available; those that do not count are removed without one.
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
    const char *owner; /* who uploads: one part of a path */
    const char *path;  /* virtual path of the upload */
    unsigned hours;    /* older ones do not count; 0: none count, and none are kept */
};

/* One of them. */
struct partial_found {
    char name[PARTIAL_NAME_SIZE];
    uint64_t base;  /* the version that had the name when the upload began */
    uint64_t id;    /* its random number; never 0 */
    struct stat st; /* what it looks like */
};

/* Finds the newest one that counts. Returns 0, -ENOENT if there is none, or another negative
 * errno. */
int partial_find(const struct partial *partial, struct partial_found *ret_found);

/* Is it void, because something else has been published under the name since? now: the version that
 * has the name; VERSION_HIDDEN: that does not matter. A name that has become free makes nothing
 * void. */
bool partial_is_void(const struct partial_found *found, uint64_t now);

/* The sum of all partials of that name, also those that do not count. Returns 0 or a negative
 * errno. */
int partial_amount(const struct partial *partial, struct amount *ret_held);

/* Takes the partial over: renames it to `name` in the folder `reserved`, so that no other session
 * resumes it. Returns 0 or a negative errno, as partial_find. */
int partial_take(const struct partial *partial, const struct partial_found *found, int reserved,
                 const char *name);

/* Makes the file `name` in the folder `from` the partial, in place of the present ones. Returns 0
 * or a negative errno: -EXDEV if it is on another file system. */
int partial_keep(const struct partial *partial, uint64_t base, int from, const char *name);

/* Makes an empty file the partial, as partial_keep. */
int partial_mark(const struct partial *partial, uint64_t base);

/* Removes that one, which is void. Failure does not matter: it does not count. */
void partial_drop(const struct partial *partial, const struct partial_found *found);

/* Removes all partials of that name. Returns 0, -ENOENT if there are none, or another negative
 * errno. */
int partial_remove(const struct partial *partial);

/* The folder of partial->path was removed: removes that of the partials in it, if it is empty.
 * Failure does not matter. */
void partial_drop_folder(const struct partial *partial);

/* The folder of from->path is now called `to`: moves the partials in it. Returns 0, -ENOENT if
 * there are none, or another negative errno. */
int partial_move_folder(const struct partial *from, const char *to);

/* The partials in the folder of partial->path. NULL: there are none. */
DIR *partial_folder(const struct partial *partial);

/* Finds that of `name` in that folder, as partial_find. */
int partial_find_in(const struct partial *partial, DIR *folder, const char *name,
                    struct partial_found *ret_found);

#endif
