/*
 * loop: speaks a session: reads a line, understands the command, has it run, until the end.
 */
#ifndef STORD_LOOP_H
#define STORD_LOOP_H

struct session;

/* Speaks the session from the greeting to its end, and gives back what it has. */
void loop_run(struct session *session);

#endif
