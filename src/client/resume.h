/*
 * resume: where an upload that was interrupted continues.
 */
#ifndef STORD_CLIENT_RESUME_H
#define STORD_CLIENT_RESUME_H

#include "client/job.h"
#include "client/session.h"
#include "client/source.h"

enum { RESUME_LEAST = 1 << 20 /* bytes of a file below which it is not worth asking */ };

/* Before the first try of a file that may be resumed: notes what the server has under that name. */
void resume_look(struct session *session, struct job *job, const char *name,
                 const struct source *source);

/*
 * How much of the file the server has, after a try that failed; 0: nothing that is surely the
 * beginning of this file. Sure is what has the digest of our beginning; or, if the server gives
 * none, what is no longer than what we have sent, and of another length than what was there before
 * that.
 */
off_t resume_offset(struct session *session, const struct job *job, const char *name,
                    const struct source *source);

#endif
