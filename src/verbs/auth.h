/*
 * auth: who may use the session.
 *
 * Without a users file local peers (pipes, AF_UNIX, loopback) are served without login, and
 * everybody else is refused; with one, everybody logs in. With --anonymous anybody may log in as
 * anonymous.
 */
#ifndef STORD_AUTH_H
#define STORD_AUTH_H

struct session;

/* 530 with the reason why the client is not logged in. */
int auth_refuse(struct session *session);

/* USER, PASS, ACCT (RFC 959 section 4.1.1). A wrong name and a wrong password get the same reply,
 * 530, after the same time; the third one 421, and the session ends. */
int verb_user(struct session *session, const char *argument);
int verb_pass(struct session *session, const char *argument);
int verb_acct(struct session *session, const char *argument);

#endif
