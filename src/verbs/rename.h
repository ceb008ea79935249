/*
 * rename: RNFR and RNTO (RFC 959 section 4.1.3).
 */
#ifndef STORD_RENAME_H
#define STORD_RENAME_H

struct session;

int verb_rnfr(struct session *session, const char *argument);

/* Replaces a file only with the right to replace, and never a folder. Under --on-conflict=rename an
 * upload of the client's own gets another name if the new one is taken; a client that may not see
 * finds it under the name that it gave. */
int verb_rnto(struct session *session, const char *argument);

#endif
