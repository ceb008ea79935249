/*
 * place: a client's working directory, and what it is about to rename.
 */
#ifndef STORD_PLACE_H
#define STORD_PLACE_H

#include <string.h>

#include "base/path.h"

struct place {
    char cwd[PATH_SIZE];         /* working directory, a virtual path */
    char rename_from[PATH_SIZE]; /* RNFR: what the next RNTO renames, a virtual path, or "" */
};

/* The root, and nothing to rename. */
static inline void place_reset(struct place *place) {
    place->cwd[0] = '/';
    place->cwd[1] = place->rename_from[0] = '\0';
}

/* Enters that folder, a virtual path. */
static inline void place_enter(struct place *place, const char *path) {
    memcpy(place->cwd, path, strlen(path) + 1);
}

/* Notes what to rename: a virtual path, or "" for nothing. */
static inline void place_rename(struct place *place, const char *path) {
    memcpy(place->rename_from, path, strlen(path) + 1);
}

#endif
