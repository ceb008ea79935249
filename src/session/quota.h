/*
 * quota: the usage of a session's home, and its quota.
 */
#ifndef STORD_QUOTA_H
#define STORD_QUOTA_H

#include "store/oldest.h"
#include "store/usage_change.h"

struct session;

/* The usage of the session's home, by its account. */
struct usage quota_usage(const struct session *session);

/* Prepares what makes room in the home. */
void quota_init(struct session *session);

/* What makes room in the session's home, or NULL if nothing does. */
struct oldest *quota_oldest(struct session *session);

/* There was no room for a folder to be made in that one (-ENOSPC, -USAGE_EXCEEDED): do old files
 * make it? Then it is worth another try. */
bool quota_make_room(struct session *session, struct usage *usage, int folder, int error);

/* Logs, once, that it has been recounted. */
void quota_note(const struct session *session, struct usage *usage);

/* Replies 552, with an event: the quota is used up, or does not leave so much. what: what failed,
 * in words. size: the bytes that were announced; 0: none. Returns as reply_send. */
int quota_refuse(struct session *session, struct usage *usage, const char *what, uint64_t size);

/* Begins a change to files of the home: path, second and third (NULL: no more) are the virtual
 * paths of all that it can add or remove. usage_change_end must follow. */
void quota_begin(struct usage_change *ret_change, struct usage *usage,
                 const struct session *session, const char *path, const char *second,
                 const char *third);

#endif
