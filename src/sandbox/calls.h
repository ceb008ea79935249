/*
 * calls: THE table of system calls that a process may make, for filter.
 */
#ifndef STORD_CALLS_H
#define STORD_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CALLS_MOST = 160, /* rows */
    CALLS_CHECKS = 3, /* of one row, at most */
    CALLS_TOLD = -1   /* in place of an error: SIGSYS, which socketcall handles */
};

/* How an argument is compared with a value. */
enum calls_test {
    CALLS_NONE,
    CALLS_IS,        /* an int equal to it */
    CALLS_AT,        /* an address equal to it */
    CALLS_WITHOUT,   /* flags with none of these bits */
    CALLS_BUT_FLAGS, /* that type of socket, with any flags */
    CALLS_OVER,      /* a descriptor that is not lower */
    CALLS_ABOVE      /* an address that is not lower; the value has at most 32 bits */
};

/* What the value is, if it is not a constant. */
enum calls_fact {
    CALLS_CONSTANT,
    CALLS_FAMILY,
    CALLS_ADDRESS,
    CALLS_ADDRESS_LENGTH,
    CALLS_HELPER,
    CALLS_SELF
};

struct calls_check {
    enum calls_test test;
    unsigned argument; /* its index, from 0 */
    uint64_t value;
    enum calls_fact fact;
};

/* A system call that is allowed with these arguments; or, with an error, one that fails. */
struct calls_row {
    long call;
    unsigned groups; /* who needs it */
    int error;
    struct calls_check checks[CALLS_CHECKS]; /* all of them must hold */
};

extern const struct calls_row calls_rows[];
extern const size_t calls_count;

#endif
