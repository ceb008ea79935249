/*
 * security: the verbs about TLS (RFC 2228, RFC 4217).
 */
#ifndef STORD_SECURITY_H
#define STORD_SECURITY_H

struct session;

int verb_auth(struct session *session, const char *argument);
int verb_pbsz(struct session *session, const char *argument);
int verb_prot(struct session *session, const char *argument);
int verb_ccc(struct session *session, const char *argument);

#endif
