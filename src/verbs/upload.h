/*
 * upload: the verbs that receive files. Refuses what can be refused, receives the bytes, and
 * replies with the verdict (doc/design.md, "An upload is a transaction"). In a session that has
 * never asked for a data connection the bytes follow inline.
 */
#ifndef STORD_UPLOAD_H
#define STORD_UPLOAD_H

struct session;

/* RFC 959 section 4.1.3. STOR resumes at the restart point of REST; the old file must have the
 * bytes before it. APPE adds to the old file's end, or resumes. With STOR, and with APPE under
 * --append=copy, the old file stays as it is until the new one is complete. STOU replies with the
 * name in 150 and 226 (RFC 1123 section 4.1.2.9). */
int verb_stor(struct session *session, const char *argument);
int verb_appe(struct session *session, const char *argument);
int verb_stou(struct session *session, const char *argument);

#endif
