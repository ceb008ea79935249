/*
 * program: a program whose standard input and output stand for a connection (-e).
 */
#ifndef STORD_CLIENT_PROGRAM_H
#define STORD_CLIENT_PROGRAM_H

#include <stdbool.h>

/* Starts the command by the shell. %h in it becomes the host, %p the port, %% a percent sign, the
 * first two quoted for the shell. Returns our end of a socket pair, which does not block, or a
 * negative errno. */
int program_start(const char *command, const char *host, const char *port);

/* Tells whether the command names a port: it can make data connections, too. */
bool program_takes_port(const char *command);

/* Our end has been closed: waits for the program a while, then ends it; at once if `kill`. Does
 * nothing if the descriptor was not one of program_start. Call it before closing. */
void program_forget(int fd, bool kill);

#endif
