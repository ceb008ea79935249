/*
 * limits: how many bytes an upload may have: by the size limit, the room that is to be left on the
 * disk, and the quota. A part of store.
 */
#ifndef STORD_LIMITS_H
#define STORD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "store/usage_change.h"

struct store;

/* Is the room still free that is to be left on the disk of a file or folder, with so many bytes
 * more? Returns 0 or -ENOSPC. */
int limits_check_disk(int fd, const struct room *least, uint64_t more);

/* The same for an upload. */
int limits_check_room(const struct store *store, uint64_t more);

/* Sets how much is kept of a file or partial that has so many bytes. Returns 0, -ERANGE when it is
 * too short, -EFBIG when that is more than the new one may have. */
int limits_set_kept(struct store *store, uint64_t size);

/* May the file get so many bytes? Reserves room for what is announced behind them. Returns 0,
 * -ENOSPC when the room is not free any more that is to be left, -EFBIG, -USAGE_EXCEEDED, or
 * another negative errno. */
int limits_check_growth(struct store *store, uint64_t size);

/* Does what is announced fit, by all that is known before a file is made? Returns 0, -EFBIG,
 * -ENOSPC, -USAGE_EXCEEDED or another negative errno. */
int limits_admit(struct store *store);

/* Finds out by the file itself whether what is announced fits, so that a full disk is known before
 * the data is sent, and reserves room for its beginning; for the rest, limits_check_growth does as
 * it comes: else whoever announces much and sends nothing had the disk to itself. Returns 0 or a
 * negative errno. */
int limits_reserve(struct store *store);

/* Begins a change of the upload's partials, or of the file that it becomes: see usage_change.
 * Returns as usage_change_begin. */
int limits_begin_change(const struct store *store, struct usage_change *ret_change);

/* Within that: does the file that is called temp fit as the partial? One that was there before
 * always does. Returns 0, -USAGE_EXCEEDED or another negative errno. */
int limits_check_partial(const struct store *store, const struct usage_change *change);

/* Within that: does the file fit that is to be published? Returns likewise, with what comes then
 * and what goes, for usage_end. */
int limits_check_published(const struct store *store, const struct usage_change *change,
                           struct amount *ret_new, struct amount *ret_old);

#endif
