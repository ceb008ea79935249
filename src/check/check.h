/*
 * check: looks at a set-up before clients do (handler --check).
 *
 * Nothing is made or changed, and nothing goes over the network. What may be read and written is
 * tried as the user that runs it.
 */
#ifndef STORD_CHECK_H
#define STORD_CHECK_H

struct config;

/* Checks everything, and prints that and what clients would get to standard output (or to standard
 * error, where that is a client's connection). Returns the exit status: EX_OK, or EX_CONFIG when
 * there are errors. */
int check_run(const struct config *config);

#endif
