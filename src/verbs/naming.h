/*
 * naming: the name that an upload gets, and whether the client is told it.
 */
#ifndef STORD_NAMING_H
#define STORD_NAMING_H

#include "verbs/request.h"

struct session;

/* Was another name chosen than the client asked for, or did it ask for none? A client that may not
 * see does not learn that a name is taken: it finds the file under the name that it asked for. */
void naming_note(const struct session *session, struct upload *upload);

/* Replaces the requested name in the path by the file's final name. */
void naming_update(struct upload *upload);

/* Replies 150 or 226. A name that we chose is shown as RFC 1123 section 4.1.2.9 has it for STOU,
 * relative if the file is in the working directory. */
int naming_reply(struct session *session, const struct upload *upload, int code, const char *text);

#endif
