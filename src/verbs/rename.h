/*
 * rename: RNFR and RNTO (RFC 959 section 4.1.3).
 */
#ifndef STORD_RENAME_H
#define STORD_RENAME_H

struct session;

int verb_rnfr(struct session *session, const char *argument);

/* Replaces a file only with the right to replace, and never a folder. Where the client may not
 * learn what is there and its uploads never replace, the new name may be taken: then the file gets
 * another one, and the client finds it under the one that it gave. */
int verb_rnto(struct session *session, const char *argument);

#endif
