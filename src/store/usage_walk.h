/*
 * usage_walk: walks a tree of folders and adds up what is in it.
 */
#ifndef STORD_USAGE_WALK_H
#define STORD_USAGE_WALK_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/path.h"
#include "store/usage_text.h"

/* What counts. */
enum usage_walk_kind {
    USAGE_WALK_FILES,   /* files and folders that clients can name: no reserved names */
    USAGE_WALK_PARTIALS /* interrupted uploads: one reserved name; their folders do not count */
};

/* Adds up the plain files and the folders beneath the folder that a virtual path names; 0 if it
 * does not exist. No link is followed; a file with two names counts twice. Folders that may be
 * neither read nor written to are left out. Returns 0 or a negative errno: -EACCES if a folder may
 * be written to but not read, -ESHUTDOWN once the descriptor `stop` (or -1) is readable. */
int usage_walk(const struct path_root *root, const char *path, enum usage_walk_kind kind, int stop,
               struct amount *ret_held);

/* Is told of each plain file. folder: its virtual path. Returns 0, or a negative errno that ends
 * the walk. */
typedef int usage_visit(void *context, const char *folder, const char *name, const struct stat *st);

struct usage_visitor {
    usage_visit *visit;
    void *context;
};

/* The same walk through all files that clients can name, with a visitor. */
int usage_walk_files(const struct path_root *root, int stop, const struct usage_visitor *visitor,
                     struct amount *ret_held);

#endif
