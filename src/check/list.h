/*
 * list: who is in which line of the users file (handler --list-users): for stordctl, which changes
 * lines and leaves it to the reader of sessions what they mean.
 */
#ifndef STORD_LIST_H
#define STORD_LIST_H

struct config;

/* Reads the users file, and prints a line for each user to standard output: the number of its line,
 * how the user can log in (password, certificate, both, or locked), the name, escaped as in the
 * log; tabs between them. Prints on standard error what is wrong with the file, and then nothing
 * else. Returns the exit status: EX_OK, EX_USAGE without a users file, EX_NOINPUT if it cannot be
 * read, EX_DATAERR if there is a mistake in it, EX_UNAVAILABLE without the module for passwords, or
 * EX_IOERR. */
int list_users(const struct config *config);

#endif
