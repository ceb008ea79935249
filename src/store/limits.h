/*
 * limits: how many bytes an upload may have, by the size limit, the room to leave on the disk, and
 * the quota. All that is asked for an upload is asked again if old files can make room (see
 * oldest). A part of store.
 */
#ifndef STORD_LIMITS_H
#define STORD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "store/usage_change.h"

struct store;

/* How many bytes are lacking on the disk of a file or folder, so that with so many more that room
 * is still free? */
uint64_t limits_lack(int fd, const struct room *least, uint64_t more);

/* With so many more bytes, is the room still free that must be left on the disk of a file or
 * folder? Returns 0, -ENOSPC, or -STORE_LITTLE_LEFT if only that room is too small. */
int limits_check_disk(int fd, const struct room *least, uint64_t more);

/* Is it an error for want of room on the disk? */
bool limits_is_disk(int error);

/* The same for an upload. */
int limits_check_room(const struct store *store, uint64_t more);

/* Sets how much is kept of a file or partial that has so many bytes. Returns 0, -ERANGE if it is
 * too short, -EFBIG if the new file may not have so many. */
int limits_set_kept(struct store *store, uint64_t size);

/* May the file get so many bytes? Reserves room for more of those announced. Returns 0,
 * -ENOSPC, -STORE_LITTLE_LEFT if too little room is left, -EFBIG, -USAGE_EXCEEDED, or another
 * negative errno. */
int limits_check_growth(struct store *store, uint64_t size);

/* Does what has come leave enough room on the disk? Returns 0 or -ENOSPC. */
int limits_check_complete(struct store *store);

/* A check that found too little room, with that error: do old files make it (see oldest)? Then it
 * is worth another try. */
bool limits_make_room(struct store *store, int error);

/* Does what is announced fit, as far as is known before a file is made? Returns 0, -EFBIG, -ENOSPC,
 * -STORE_LITTLE_LEFT, -USAGE_EXCEEDED or another negative errno. */
int limits_admit(struct store *store);

/* Finds out with the file itself whether what is announced fits, so that a full disk is known
 * before the data is sent, and reserves room for its beginning. limits_check_growth does so for the
 * rest as it comes: else a client that announces much and sends nothing could fill the disk.
 * Returns 0 or a negative errno. */
int limits_reserve(struct store *store);

/* Begins a change of the upload's partials, or of the file that it becomes: see usage_change.
 * Returns as usage_change_begin. */
int limits_begin_change(const struct store *store, struct usage_change *ret_change);

/* Within that: does the file called temp fit as the partial? One that was resumed, and has not
 * grown, always does. Returns 0, -USAGE_EXCEEDED or another negative errno. */
int limits_check_partial(const struct store *store, const struct usage_change *change);

/* Within that: does the file to be published fit? Returns likewise, with what comes and what goes,
 * for usage_end. */
int limits_check_published(struct store *store, const struct usage_change *change,
                           struct amount *ret_new, struct amount *ret_old);

#endif
