/*
 * hash: what a client is told about the digests of files, and tells about one (--checksum):
 * draft-bryan-ftpext-hash-02, and the commands that older clients know. There are no ranges (RANG):
 * digests are of whole files.
 */
#ifndef STORD_HASH_VERBS_H
#define STORD_HASH_VERBS_H

#include <stdbool.h>

struct session;

/* Is the verb of that name served? */
bool hash_serves(const struct session *session, const char *verb);

/* 213, with the digest that OPTS HASH has chosen; or 250, with one of that kind. What the session
 * has uploaded is known; what it may read is read, up to --hash-max (else 556). 426 after ABOR, 450
 * if the file changes meanwhile. */
int verb_hash(struct session *session, const char *argument);
int verb_xsha256(struct session *session, const char *argument);
int verb_xsha1(struct session *session, const char *argument);
int verb_xmd5(struct session *session, const char *argument);
int verb_xcrc(struct session *session, const char *argument);

/* OPTS HASH (section 3.2): 200 with the name of what is chosen now, 501 if that is not made. */
int hash_choose(struct session *session, const char *word);

/* Its lines in FEAT's reply (section 3.1), and that of SITE SHA256 */
int hash_feature(struct session *session);

/* SITE SHA256 hex: declares the digest of the next upload, which is refused (550) if it has
 * another. Not in any draft. */
int site_sha256(struct session *session, const char *argument);

#endif
