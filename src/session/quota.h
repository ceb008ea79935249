/*
 * quota: what a session has to do with the usage of its home.
 */
#ifndef STORD_QUOTA_H
#define STORD_QUOTA_H

#include "store/usage_change.h"

struct session;

/* The usage of the session's home, by its account. */
struct usage quota_usage(const struct session *session);

/* Tells the log, once, when it had to be counted anew. */
void quota_note(const struct session *session, struct usage *usage);

/* 552, and an event: it does not fit. what: what failed. */
int quota_refuse(struct session *session, struct usage *usage, const char *what);

/* Begins a change by a client to files of its home, which are counted in usage: path, and the
 * others that are not NULL from the second one on, are the virtual paths of all that it can add or
 * take away; see usage_change, by which it ends. */
void quota_begin(struct usage_change *ret_change, struct usage *usage,
                 const struct session *session, const char *path, const char *second,
                 const char *third);

#endif
