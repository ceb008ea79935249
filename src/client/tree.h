/*
 * tree: what is in a folder, and below it, in the order of names.
 */
#ifndef STORD_CLIENT_TREE_H
#define STORD_CLIENT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct tree_rules {
    bool follow; /* symbolic links */
    bool hidden; /* what begins with a dot, too */
};

/* Is called for each folder, before what is in it, and for each plain file. path: from the working
 * directory on; target: from the folder's on. Both are its only until it returns. */
typedef void tree_visitor(void *context, const struct stat *st, const char *path,
                          const char *target);

/* Walks over a folder, of which target is the name. What is neither file nor folder is named on
 * standard error and skipped: *ret_skipped is how often. Returns 0, or EX_NOINPUT if something
 * could not be read, which has been told. */
int tree_walk(const char *path, const char *target, struct tree_rules rules, tree_visitor *visit,
              void *context, size_t *ret_skipped);

#endif
