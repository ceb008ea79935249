/*
 * attributes: verbs about size, time and mode of a file (RFC 3659 sections 3 and 4; MFMT and
 * MDTM with a time are widespread drafts).
 */
#ifndef STORD_ATTRIBUTES_H
#define STORD_ATTRIBUTES_H

struct session;

int verb_size(struct session *session, const char *argument);
int verb_mdtm(struct session *session, const char *argument); /* "[YYYYMMDDHHMMSS] file" */
int verb_mfmt(struct session *session, const char *argument); /* "YYYYMMDDHHMMSS file" */

/* SITE CHMOD octal name, of a file or folder; SITE UTIME time file, or file atime mtime ctime UTC;
 * SITE UMASK [octal], which only removes permissions from what is created. */
int site_chmod(struct session *session, const char *argument);
int site_utime(struct session *session, const char *argument);
int site_umask(struct session *session, const char *argument);

#endif
