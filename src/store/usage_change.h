/*
 * usage_change: a bracket around a change of what a home holds: counts the difference.
 *
 * The caller fills in what can come or go; it is looked at before and after the change:
 * usage_change_begin, the change, usage_change_end. A caller that knows what came and went calls
 * usage_end instead.
 */
#ifndef STORD_USAGE_CHANGE_H
#define STORD_USAGE_CHANGE_H

#include <stdbool.h>

#include "store/partial.h"
#include "store/usage.h"

enum { USAGE_CHANGE_NAMES = 3 };

struct usage_change {
    struct usage *usage; /* of the home */
    /* The names whose partials can come or go. Some may be the same. What they point to must
     * outlive the change, and is read again after it: the path may have changed then. */
    struct partial names[USAGE_CHANGE_NAMES];
    unsigned count;  /* of names */
    bool with_files; /* also the files or folders of these names */

    struct amount before; /* the sum of all these before */
    int error;            /* why `before` is not known, or 0 */
    int begun;            /* result of usage_begin */
};

/* Locks the count, and looks at what is there. Returns 0 or a negative errno; the change may be
 * made nevertheless, and must be ended in every case. Without a quota nothing is done. */
int usage_change_begin(struct usage_change *change);

/* In between: does so much more fit, if so much goes? Returns 0, -USAGE_EXCEEDED, or another
 * negative errno if it cannot be counted. */
int usage_change_check(const struct usage_change *change, struct amount more, struct amount less);

/* Looks again, and counts the difference; if that is not known, the next session recounts. */
void usage_change_end(struct usage_change *change);

#endif
