/*
 * quota: what a session has to do with the usage of its home.
 */
#ifndef STORD_QUOTA_H
#define STORD_QUOTA_H

#include "store/usage.h"

struct session;

enum { QUOTA_PATHS = 3 };

/* The usage of the session's home, by its account. */
struct usage quota_usage(const struct session *session);

/* Tells the log, once, when it had to be counted anew. */
void quota_note(const struct session *session, struct usage *usage);

/* 552, and an event: it does not fit. what: what failed. */
int quota_refuse(struct session *session, struct usage *usage, const char *what);

/* Something that a client does to the files of its home. */
struct quota_change {
    const struct session *session;
    const char *path[QUOTA_PATHS]; /* virtual paths of all files that it can add or take away */
    struct usage usage;
    struct amount before; /* what those come to */
    int error;            /* why that is not known, or 0 */
    int begun;            /* what usage_begin returned */
};

/* Around the change: counts what it comes to. Without a quota nothing is done. The paths may be the
 * same, and NULL from the second one on; they must outlive the change, and are looked at again
 * behind it: where it chooses a path, that may be put in their place. */
void quota_begin(struct quota_change *ret_change, const struct session *session, const char *path,
                 const char *second, const char *third);
void quota_end(struct quota_change *change);

/* Between them: does so much more fit? Returns 0, -USAGE_EXCEEDED, or another negative errno where
 * it cannot be counted. */
int quota_check(struct quota_change *change, struct amount more);

#endif
