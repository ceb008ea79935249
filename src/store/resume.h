/*
 * resume: what an upload has to do with partials of its name: it resumes one, becomes one again if
 * it fails, is kept as one, and makes others void. A part of store.
 */
#ifndef STORD_RESUME_H
#define STORD_RESUME_H

#include <stdbool.h>

struct store;

/* Takes over the partial to be resumed, in a turn, because what has the name must not change
 * meanwhile. Returns 1 with the file open after what is kept of it, 0 if there is no partial, or a
 * negative errno, as store_begin. */
int resume_begin(struct store *store);

/* Puts a partial back that was taken over in vain. */
void resume_put_back(struct store *store);

/* A partial that could not be published becomes one again: without its last byte, like every one,
 * or if that would not fit, no longer than it was. */
void resume_go_back(struct store *store, bool fits);

/* Gives what arrived its length and a name, and syncs it: see store_keep. Returns 0, -ENODATA if
 * nothing is to be kept, or another negative errno. */
int resume_prepare(struct store *store, bool good);

/* Within a turn: keeps it, unless it is void by now. Returns as store_keep. */
int resume_keep(struct store *store);

/* Within a turn: a file has been published. Removes the partials of that name, and marks uploads in
 * flight as void. */
void resume_replace(struct store *store);

#endif
