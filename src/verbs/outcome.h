/*
 * outcome: what becomes of an upload: it is published, kept to be resumed, or dropped; and what the
 * client and the log are told.
 */
#ifndef STORD_OUTCOME_H
#define STORD_OUTCOME_H

#include "store/batch.h"
#include "verbs/request.h"

struct session;

/* It could not begin, for that negative errno: says why. Returns as reply_send, like all of these.
 */
int outcome_refuse(struct session *session, struct upload *upload, int error);

/* What it has declared cannot be compared: nothing changes. */
int outcome_refuse_declared(struct session *session, struct upload *upload);

/* The client was lost before the first byte. */
void outcome_vanish(struct session *session, struct upload *upload);

/* No data connection came about, for that negative errno. */
int outcome_lack_connection(struct session *session, struct upload *upload, int error);

/* Is what has come whole? No reason is told for one that is. */
const struct verdict *outcome_judge(const struct session *session, const struct upload *upload);

/* What has come is published or dropped. */
int outcome_finish(struct session *session, struct upload *upload);

/* The same of one that has waited for others, which that has come to. */
int outcome_finish_late(struct session *session, struct upload *upload,
                        const struct batch_item *item);

#endif
