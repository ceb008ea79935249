/*
 * hash: makes the hash of a password, for a line of the users file (handler --hash).
 */
#ifndef STORD_HASH_H
#define STORD_HASH_H

/* Reads a password from standard input and prints its hash. From a terminal, it asks twice, without
 * echo; else it reads one line. Prints on standard error what is wrong. Returns the exit status:
 * EX_DATAERR for a password that could not be used, EX_NOINPUT if there is none, EX_UNAVAILABLE
 * without the module, or another one of sysexits.h. */
int hash_run(void);

#endif
