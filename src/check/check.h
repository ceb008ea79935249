/*
 * check: looks at a set-up before clients do (handler --check).
 *
 * Nothing is made or changed, and nothing goes over the network. What may be read and written is
 * tried as the user that runs it.
 */
#ifndef STORD_CHECK_H
#define STORD_CHECK_H

#include <stdbool.h>

#include "base/config.h"
#include "base/path.h"
#include "users/users.h"

/* State of one --check. */
struct check {
    const struct config *config;
    const char *users_file; /* NULL: there is none */
    struct users users;     /* of it, as far as its lines are good */
    bool users_broken;      /* it lets nobody in */
    struct path_root root;  /* fd -1: it cannot be opened */
    unsigned errors;        /* found so far: it will not work */
    unsigned warnings;      /* it works, but perhaps not as it is meant */
};

/* Prints what was found out: about, a word or two; and what is wrong. */
void check_error(struct check *check, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_warning(struct check *check, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A file on which sessions rely, or which is nothing for clients: not where they could read or
 * replace it. */
void check_place(struct check *check, const char *about, const char *name);

/* The same of one that others should have no access to. */
void check_secret(struct check *check, const char *about, const char *name);

/* Checks everything, and prints that and what clients would get to standard output (or to standard
 * error, where that is a client's connection). Returns the exit status: EX_OK, or EX_CONFIG when
 * there are errors. */
int check_run(const struct config *config);

#endif
