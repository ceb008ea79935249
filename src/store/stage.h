/*
 * stage: the file that the bytes of an upload are written to, before it gets its name. A part of
 * store. Its length is what store has counted, not what the file system says.
 */
#ifndef STORD_STAGE_H
#define STORD_STAGE_H

#include <stdbool.h>
#include <sys/types.h>

struct store;

/* Opens a new one in the workplace for the store's folder, without a name if the file system can do
 * that, else with a reserved one. readable: its bytes are read again. Returns 0 or a negative
 * errno. */
int stage_open(struct store *store, bool readable);

/* How many bytes it has: those that it begins with, and those that came. */
off_t stage_end(const struct store *store);

/* Sets its length, and frees the room reserved after it. Returns 0 or a negative errno. */
int stage_cut(const struct store *store, off_t size);

/* Brings its bytes to the disk, unless --no-sync. Returns 0 or a negative errno. */
int stage_sync(const struct store *store);

/* Closes the file: some file systems report a failed write only then, and programs that watch the
 * folder must not see it closed after it has got its name. A descriptor with O_PATH stays open, to
 * find later which names are its own. Returns 0 or a negative errno. */
int stage_close(struct store *store);

/* Drops the file, if it has only a reserved name, or none. */
void stage_drop(struct store *store);

#endif
