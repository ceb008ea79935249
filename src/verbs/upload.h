/*
 * upload: the verbs that receive files. Refuses what can be refused, has the bytes received, and
 * answers the verdict (doc/design.md, "An upload is a transaction"). Without a data connection the
 * bytes follow inline.
 */
#ifndef STORD_UPLOAD_H
#define STORD_UPLOAD_H

struct session;

/* RFC 959 section 4.1.3. STOR goes on from the restart point of REST, of which the old file must
 * have the bytes before. APPE goes on from the end of the old file. In both cases the old file
 * stays as it is until the new one is whole. STOU tells the name in 150 and 226 (RFC 1123 4.1.2.9).
 */
int verb_stor(struct session *session, const char *argument);
int verb_appe(struct session *session, const char *argument);
int verb_stou(struct session *session, const char *argument);

#endif
