/*
 * finish: what is done at the server once a file is stored there, and before it counts as sent: its
 * name, its size or digest, its time.
 */
#ifndef STORD_CLIENT_FINISH_H
#define STORD_CLIENT_FINISH_H

#include <stdbool.h>

#include "client/job.h"
#include "client/options.h"
#include "client/session.h"

/* Tells whether the options ask for anything of that, in a session of that kind. */
bool finish_is_needed(const struct session *session, const struct options *options);

/* The name under which a file is uploaded: that with the prefix of --temp, if that is asked for and
 * the server is not one that publishes only what is complete. */
void finish_temporary(const struct session *session, const struct options *options,
                      const struct job *job, char *ret, size_t size);

/* A target with a prefix before its last part. */
void finish_prefix(const char *target, const char *prefix, char *ret, size_t size);

/* Does it. name: under which the file was uploaded. False: see the failure; job->is_stored tells
 * whether the server still has what it confirmed, so that only this is to be tried again. */
bool finish_file(struct session *session, const struct options *options, struct job *job,
                 const char *name, struct failure *failure);

#endif
