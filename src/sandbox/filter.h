/*
 * filter: limits the system calls that a process may make (seccomp(2)).
 */
#ifndef STORD_FILTER_H
#define STORD_FILTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/dial.h"

/* Who needs a system call: bits. */
enum filter_group {
    FILTER_SESSION = 1 << 0,   /* sessions */
    FILTER_DATA = 1 << 1,      /* sessions with data connections */
    FILTER_HELPED = 1 << 2,    /* sessions with a credential helper */
    FILTER_HELPER = 1 << 3,    /* the helper */
    FILTER_JOURNAL = 1 << 4,   /* processes that log to the journal, */
    FILTER_LOGGING = 1 << 5,   /* and those that have not opened their log yet */
    FILTER_SANITIZED = 1 << 6, /* processes built with AddressSanitizer */
    FILTER_AIO = 1 << 7 /* sessions that sync several files at once, and whose log is not a file */
};

/* What the filter depends on. */
struct filter_facts {
    unsigned groups;         /* bits of enum filter_group */
    const struct dial *dial; /* the one address to connect to */
    pid_t helper;            /* the process that may be killed */
};

/* Forbids all system calls except those of the table (calls.h): any other ends the process. Returns
 * 0, -EOPNOTSUPP if the kernel or this kind of machine cannot, or another negative errno. */
int filter_enter(const struct filter_facts *facts);

/* Does the kernel know filters, and do we know this kind of machine? */
bool filter_is_known(void);

#endif
