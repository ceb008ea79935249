/*
 * stage: the file that the bytes of an upload are written to, before it gets its name. A part of
 * store. Its length is what store has counted, not what the file system tells.
 */
#ifndef STORD_STAGE_H
#define STORD_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

struct store;

/* Opens a new one in the workplace of the store's folder; without a name where the file system can
 * do that, else with a reserved one. readable: its bytes are read again. Returns 0 or a negative
 * errno. */
int stage_open(struct store *store, bool readable);

/* How many bytes it has, those that it begins with and those that came. */
off_t stage_end(const struct store *store);

/* Sets its length, and gives back the room that is reserved behind it. Returns 0 or a negative
 * errno. */
int stage_cut(const struct store *store, off_t size);

/* Brings its bytes to the disk, unless nothing is to be synced. Returns 0 or a negative errno. */
int stage_sync(const struct store *store);

/* Closes the file, for some file systems tell of a failed write only there, and whoever watches the
 * folder must not see it closed after it has got its name. A mere path to it stays open, which
 * tells later which names are its own. Returns 0 or a negative errno. */
int stage_close(struct store *store);

/* Drops the file, if it has no name but a reserved one. */
void stage_drop(struct store *store);

#endif
