/*
 * wire: what all ways of uploading have in common: what is noted about a try.
 */
#ifndef STORD_CLIENT_WIRE_H
#define STORD_CLIENT_WIRE_H

#include <stdbool.h>

#include "client/control.h"
#include "client/job.h"
#include "client/source.h"

enum { WIRE_NAME_SIZE = 8192 /* bytes with NUL */ };

/* A try begins. */
void wire_begin(struct job *job);

/* So much of it may have reached the server. */
void wire_note_sent(struct job *job, const struct source *source);

/* Its final reply has come, or there is none. */
void wire_keep_reply(struct job *job, struct control *control);

/* The name that the server has given what was uploaded as `name`, if its reply says one that is
 * another: "FILE: name" (RFC 1123, 4.1.2.9). Returns whether it does. */
bool wire_other_name(const struct job *job, const char *name, char *ret, size_t size);

/* Tells whether a file is a plain one that really has no bytes: some of /proc only say so. What
 * cannot be opened counts as empty. */
bool wire_is_empty(const char *path);

#endif
