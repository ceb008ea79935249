/*
 * check: looks at a set-up before clients do (handler --check).
 *
 * Makes and changes nothing, and sends nothing over the network. Access is tried as the user that
 * runs it.
 */
#ifndef STORD_CHECK_H
#define STORD_CHECK_H

struct config;

/* Checks everything, and prints that and what clients would get to standard output (which leads to
 * standard error if it was a client's connection). Returns the exit status: EX_OK, EX_CONFIG if
 * there are errors, or EX_IOERR if that cannot be printed. */
int check_run(const struct config *config);

#endif
