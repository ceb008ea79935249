/*
 * resume: what an upload has to do with partials of its name: it goes on with one, is one again
 * when it fails, is kept as one, and makes others void. A part of store.
 */
#ifndef STORD_RESUME_H
#define STORD_RESUME_H

#include <stdbool.h>

struct store;

/* Takes over the partial, where there is one to go on with, in a turn, for what has the name must
 * not change meanwhile. Returns 1 when there is, with the file open behind what is kept of it; 0
 * when there is none; or a negative errno, as store_begin. */
int resume_begin(struct store *store);

/* Puts a partial back that was taken over in vain. */
void resume_put_back(struct store *store);

/* A partial that could not be published is one again: without its last byte as every one, or, where
 * that would not fit, no longer than it was. */
void resume_go_back(struct store *store, bool fits);

/* What arrived gets a name, and is synced, as long as it is to be kept: see store_keep. Returns 0,
 * -ENODATA when nothing is to be kept, or another negative errno. */
int resume_prepare(struct store *store, bool good);

/* Within a turn: keeps it, unless it is void by now. Returns as store_keep. */
int resume_keep(struct store *store);

/* Within a turn: a file has been published. What came of earlier uploads to that name is of no use
 * any more. */
void resume_replace(struct store *store);

#endif
