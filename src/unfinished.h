/*
 * unfinished: the reserved folder of the root, for uploads that have no name yet.
 *
 * In it are files in flight, with random names, and partials: what arrived of uploads that were
 * interrupted. A partial belongs to an owner and a virtual path; to its owner it looks like a
 * shorter file of that name. What is left over is aged out by tmpfiles.d.
 *
 *   ROOT/.stord.unfinished/.stord.0123456789abcdef               in flight
 *   ROOT/.stord.unfinished/OWNER/virtual/path/.stord.partial     a partial
 */
#ifndef STORD_UNFINISHED_H
#define STORD_UNFINISHED_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "path.h"

#define UNFINISHED_FOLDER  PATH_RESERVED_PREFIX "unfinished"
#define UNFINISHED_PARTIAL PATH_RESERVED_PREFIX "partial"

enum { UNFINISHED_NAME_SIZE = sizeof(PATH_RESERVED_PREFIX) + 16 };

/* Where the partial of one upload is. */
struct partial {
    const struct path_root *root;
    const char *owner; /* who uploads: one part of a name */
    const char *path;  /* virtual path of the upload */
    unsigned hours;    /* older ones do not count; 0: none does, and none is kept */
};

/* Opens the reserved folder in a folder (the root, or where the root's cannot serve, another one),
 * making it first where create says so. Returns a descriptor or a negative errno: -EPERM when it
 * belongs to somebody else. */
int unfinished_open(int folder, bool create);

/* Opens a folder in the reserved folder of the root, as a mere path, making it first. path is like
 * a virtual path, shorter than PATH_SIZE, and not "/". Returns as unfinished_open. */
int unfinished_enter(const struct path_root *root, const char *path);

/* Chooses a random reserved name. Returns 0 or a negative errno. */
int unfinished_name(char ret_name[UNFINISHED_NAME_SIZE]);

/* What the partial is. Returns 0, -ENOENT when there is none, or another negative errno. */
int partial_stat(const struct partial *partial, struct stat *ret_st);

/* Takes the partial over: it is called `name` in the folder `unfinished` from now on, so that no
 * other session goes on with it. Returns 0 or a negative errno, as partial_stat. */
int partial_take(const struct partial *partial, int unfinished, const char *name);

/* Makes the file called `name` in the folder `from` the partial, instead of one that is there.
 * Returns 0 or a negative errno: -EXDEV when it is on another file system. */
int partial_keep(const struct partial *partial, int from, const char *name);

/* Makes an empty file the partial, as partial_keep. */
int partial_mark(const struct partial *partial);

/* Removes the partial. Returns 0, -ENOENT when there is none, or another negative errno. */
int partial_remove(const struct partial *partial);

/* The folder that from->path names is called `to` now: moves the partials in it. Returns 0, -ENOENT
 * when there are none, or another negative errno. */
int partial_move_folder(const struct partial *from, const char *to);

/* The partials in the folder that partial->path names. NULL when there are none. */
DIR *partial_folder(const struct partial *partial);

/* The partial called `name` in that folder, as partial_stat. */
int partial_stat_in(const struct partial *partial, DIR *folder, const char *name,
                    struct stat *ret_st);

#endif
