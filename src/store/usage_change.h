/*
 * usage_change: around something that changes what a home holds: counts what it comes to.
 *
 * What can come or go is filled in, and looked at before and behind the change: usage_change_begin,
 * the change, usage_change_end. Whoever knows what came and went ends it by usage_end instead.
 */
#ifndef STORD_USAGE_CHANGE_H
#define STORD_USAGE_CHANGE_H

#include <stdbool.h>

#include "store/partial.h"
#include "store/usage.h"

enum { USAGE_CHANGE_NAMES = 3 };

struct usage_change {
    struct usage *usage; /* of the home */
    /* The names whose partials can come or go. Some may be the same; what they point to outlives
     * the change, and is looked at again behind it: another path may be put in its place. */
    struct partial names[USAGE_CHANGE_NAMES];
    unsigned count;  /* of names */
    bool with_files; /* and so can the files or folders of the home that are called so */

    struct amount before; /* what all these came to */
    int error;            /* why that is not known, or 0 */
    int begun;            /* what usage_begin returned */
};

/* Locks the count, and looks at what is there. Returns 0 or a negative errno; the change may be
 * made nevertheless, and the end follows in every case. Without a quota nothing is done. */
int usage_change_begin(struct usage_change *change);

/* Between: does so much more fit, when so much goes? Returns 0, -USAGE_EXCEEDED, or another
 * negative errno where it cannot be counted. */
int usage_change_check(const struct usage_change *change, struct amount more, struct amount less);

/* Looks again, and counts the difference; where that is not known, all is counted anew next time.
 */
void usage_change_end(struct usage_change *change);

#endif
