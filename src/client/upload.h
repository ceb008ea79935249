/*
 * upload: one file, in one try, to a server that is not stord, or without an end that is known:
 * over a data connection, or up to the end of input.
 */
#ifndef STORD_CLIENT_UPLOAD_H
#define STORD_CLIENT_UPLOAD_H

#include <stdbool.h>

#include "client/job.h"
#include "client/session.h"

/* Uploads it as `name`, in the session, which is open. resumes: continues an earlier try. True: the
 * server has confirmed it (RFC 959: 226 or 250). Else see the failure. */
bool upload_file(struct session *session, struct job *job, const char *name, bool resumes,
                 struct failure *failure);

#endif
