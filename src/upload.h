/*
 * upload: the verbs that receive files. Refuses what can be refused, makes the connection, moves
 * the bytes, and answers the verdict (doc/design.md, "An upload is a transaction").
 */
#ifndef STORD_UPLOAD_H
#define STORD_UPLOAD_H

struct session;

/* STOR (RFC 959 section 4.1.3); without a data connection the bytes follow inline. */
int verb_stor(struct session *session, const char *argument);

#endif
