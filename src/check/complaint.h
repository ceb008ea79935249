/*
 * complaint: the state of handler --check, and what it has found wrong.
 */
#ifndef STORD_COMPLAINT_H
#define STORD_COMPLAINT_H

#include <stdbool.h>

#include "base/config.h"
#include "base/path.h"
#include "users/users.h"

/* State of one --check. */
struct check {
    const struct config *config;
    const char *users_file; /* NULL: there is none */
    struct users users;     /* of that file, as far as its lines are good */
    bool users_broken;      /* nobody can log in */
    struct path_root root;  /* fd -1: it cannot be opened */
    unsigned errors;        /* errors so far: it will not work */
    unsigned warnings;      /* warnings so far: it may not work as intended */
};

/* Print to standard output what is wrong, and count it. about: a word or two. */
void complaint_error(struct check *check, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void complaint_warning(struct check *check, const char *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error if a file or folder that sessions rely on, or that is not for clients, is beneath the
 * root: clients could read or replace it. */
void complaint_unless_outside(struct check *check, const char *about, const char *name);

/* The same, and a warning if others have access to it. */
void complaint_unless_secret(struct check *check, const char *about, const char *name);

#endif
