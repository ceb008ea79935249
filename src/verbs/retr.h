/*
 * retr: the verb that sends files.
 */
#ifndef STORD_RETR_H
#define STORD_RETR_H

struct session;

/* RETR (RFC 959 section 4.1.3): a plain file, from the restart point of REST on, which counts the
 * bytes of the transfer: in type A those with CR LF (RFC 3659 section 5.1). 550 for anything but a
 * plain file, 554 for a restart point past the end (RFC 1123 section 4.1.3.4). */
int verb_retr(struct session *session, const char *argument);

#endif
