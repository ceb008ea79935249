/*
 * verb: THE table of verbs, and the walk from a command to its verb's function.
 *
 * The dispatcher refuses what is wrong before a verb is reached: unknown verb, missing or surplus
 * argument, no login, no right. A verb's function does one thing and returns its reply's result.
 */
#ifndef STORD_VERB_H
#define STORD_VERB_H

#include "session/command.h"

struct session;

/* The verb that a command line begins with, or NULL. Case does not count (RFC 959 section 5.2). */
const struct verb *verb_find(const char *line);

/* Runs a command, or refuses it. Changes its text: useless blanks are removed, and a name becomes
 * UTF-8. Returns 0, or a negative errno if the client cannot be reached. */
int verb_run(struct session *session, struct command *command);

/* FEAT (RFC 2389 section 3) and HELP, printed from the table */
int verb_feat(struct session *session, const char *argument);
int verb_help(struct session *session, const char *argument);

#endif
