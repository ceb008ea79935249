/*
 * place: a client's working directory, and what it is about to rename.
 */
#ifndef STORD_PLACE_H
#define STORD_PLACE_H

#include <stdbool.h>
#include <string.h>

#include "base/path.h"

struct place {
    bool renames;                /* after RNFR: the next RNTO renames */
    char cwd[PATH_SIZE];         /* working directory, a virtual path */
    char rename_from[PATH_SIZE]; /* and what it renames, a virtual path */
};

/* The root, and nothing to rename. */
static inline void place_reset(struct place *place) {
    place->cwd[0] = '/';
    place->cwd[1] = '\0';
    place->renames = false;
}

/* Enters that folder, a virtual path. */
static inline void place_enter(struct place *place, const char *path) {
    memcpy(place->cwd, path, strlen(path) + 1);
}

/* Notes what to rename, a virtual path. */
static inline void place_rename(struct place *place, const char *path) {
    memcpy(place->rename_from, path, strlen(path) + 1);
    place->renames = true;
}

/* There is nothing to rename any more. */
static inline void place_forget_rename(struct place *place) {
    place->renames = false;
}

#endif
