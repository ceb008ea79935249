/*
 * loop: speaks a session: reads a line, parses the command, runs it, until the end.
 */
#ifndef STORD_LOOP_H
#define STORD_LOOP_H

struct session;

/* Speaks the session from the greeting to its end, and frees what it holds. */
void loop_run(struct session *session);

#endif
