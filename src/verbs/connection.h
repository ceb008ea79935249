/*
 * connection: the verbs that prepare data connections.
 */
#ifndef STORD_CONNECTION_H
#define STORD_CONNECTION_H

struct session;

/* PASV, PORT (RFC 959 section 4.1.2), EPSV, EPRT (RFC 2428). Active connections are made only to
 * the client's own address, and to ports from 1024 on, so that others cannot be attacked through us
 * (RFC 2577 section 3). */
int verb_pasv(struct session *session, const char *argument);
int verb_epsv(struct session *session, const char *argument);
int verb_port(struct session *session, const char *argument);
int verb_eprt(struct session *session, const char *argument);

#endif
