/*
 * auth: logging in.
 *
 * Without a users file local clients (pipes, AF_UNIX, loopback) are served without login, and all
 * others are refused; with one, all must log in. With --anonymous anybody may log in as anonymous.
 */
#ifndef STORD_AUTH_H
#define STORD_AUTH_H

struct session;

/* Replies 530 with the reason why the client is not logged in. */
int auth_refuse(struct session *session);

/* USER, PASS, ACCT (RFC 959 section 4.1.1). A wrong name and a wrong password get the same reply,
 * 530, after the same time; the third one gets 421, and the session ends. */
int verb_user(struct session *session, const char *argument);
int verb_pass(struct session *session, const char *argument);
int verb_acct(struct session *session, const char *argument);

#endif
