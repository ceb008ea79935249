/*
 * ask: what the server has under a name: its size (RFC 3659, 4), its digest (HASH of
 * draft-bryan-ftpext-hash, or XSHA256 and others).
 */
#ifndef STORD_CLIENT_ASK_H
#define STORD_CLIENT_ASK_H

#include "client/job.h"
#include "client/session.h"

enum { ASK_DIGEST_SIZE = 129 /* SHA-512 in hexadecimal, and NUL */ };

/* Returns the size, or -1 if there is no such file, or the server does not say; see the reply. */
off_t ask_size(struct session *session, const char *name);

/* Asks for the digest that session->features names. Returns whether there is one; else see the
 * reply. */
bool ask_digest(struct session *session, const char *name, char ret[ASK_DIGEST_SIZE]);

/* The same digest of the first bytes of the file that was sent. Returns false if that is not there
 * any more as it was. */
bool ask_own_digest(const struct session *session, const struct job *job, off_t bytes,
                    char ret[ASK_DIGEST_SIZE]);

#endif
