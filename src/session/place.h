/*
 * place: where a client stands in the tree of folders, and what it is about to rename.
 */
#ifndef STORD_PLACE_H
#define STORD_PLACE_H

#include "base/path.h"

struct place {
    char cwd[PATH_SIZE];         /* working directory, a virtual path */
    char rename_from[PATH_SIZE]; /* RNFR: what the next RNTO renames, or "" */
};

/* At the root, about to rename nothing. */
static inline void place_reset(struct place *place) {
    place->cwd[0] = '/';
    place->cwd[1] = place->rename_from[0] = '\0';
}

#endif
