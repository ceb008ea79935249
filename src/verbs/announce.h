/*
 * announce: what is told of an upload, in the log, and in its event (--events) before it has its
 * name.
 */
#ifndef STORD_ANNOUNCE_H
#define STORD_ANNOUNCE_H

#include "session/tell.h"
#include "verbs/request.h"

/* How it ended, for tell. path: its virtual path; word: of the verdict; code: of the reply, or 0;
 * pardon: the option that would accept it, or NULL. */
struct transfer announce_transfer(const struct upload *upload, const char *path, const char *word,
                                  int code, const char *pardon);

/* Has its store write the event of an upload that is whole, if one is wanted. */
void announce_want(struct session *session, struct upload *upload);

#endif
