/*
 * truth: whether an event is true that a dead session has left pending: a notice_judge.
 */
#ifndef STORD_TRUTH_H
#define STORD_TRUTH_H

#include "base/path.h"
#include "store/notice.h"

/* What it is judged by. */
struct truth {
    const struct path_root *root; /* all of it can be looked at */
    const char *boot;             /* of usage_boot */
};

/* An upload happened if its file has the name, and at least the bytes that it was to have: an
 * addition that has not ended is taken back first. So did a rename; a removal, if nothing has the
 * name. context: struct truth. */
enum notice_fate truth_judge(void *context, const char *text);

#endif
