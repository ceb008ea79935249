/*
 * declare: tells a server that announces SITE SHA256 what digest the next file has, so that it
 * stores no other (--verify=hash).
 */
#ifndef STORD_CLIENT_DECLARE_H
#define STORD_CLIENT_DECLARE_H

#include "client/job.h"
#include "client/session.h"
#include "client/source.h"

enum { DECLARE_SIZE = 80 /* of the command, with NUL */ };

/* Writes the command, without its line end, for a source that is open at its beginning, which is
 * read for it; "" if there is nothing to declare: nobody wants it, or what is sent is not the whole
 * file. Notes the digest in the job. */
void declare_command(const struct session *session, struct job *job, const struct source *source,
                     off_t offset, char ret[DECLARE_SIZE]);

#endif
