/*
 * wire: what all ways of uploading have in common: how names are sent, and what is noted about a
 * try.
 */
#ifndef STORD_CLIENT_WIRE_H
#define STORD_CLIENT_WIRE_H

#include <stdbool.h>

#include "client/control.h"
#include "client/job.h"
#include "client/source.h"

enum { WIRE_NAME_SIZE = 8192 /* bytes with NUL */ };

/* Writes a name as commands carry it: byte 255 is telnet's IAC there, and doubled (RFC 959, 5.3).
 * False: it is too long, see the failure. */
bool wire_name(const char *name, char ret[WIRE_NAME_SIZE], struct failure *failure);

/* A try begins. */
void wire_begin(struct job *job);

/* So much of it may have reached the server. */
void wire_note_sent(struct job *job, const struct source *source);

/* Its final reply has come, or there is none. */
void wire_keep_reply(struct job *job, struct control *control);

/* Tells whether a file is a plain one that really has no bytes: some of /proc only say so. What
 * cannot be opened counts as empty. */
bool wire_is_empty(const char *path);

#endif
