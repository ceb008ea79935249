/*
 * calls: THE table of system calls that a process may make, for filter.
 */
#ifndef STORD_CALLS_H
#define STORD_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum {
    CALLS_MOST = 160, /* rows */
    CALLS_CHECKS = 3, /* of one of them, at most */
    CALLS_TOLD = -1   /* in place of an error: by SIGSYS, which socketcall answers */
};

/* How an argument is held against a value. */
enum calls_test {
    CALLS_NONE,
    CALLS_IS,        /* an int that is that */
    CALLS_AT,        /* an address that is that */
    CALLS_WITHOUT,   /* flags with none of these bits */
    CALLS_BUT_FLAGS, /* that type of socket, whatever the flags beside it */
    CALLS_OVER,      /* a descriptor that is not lower */
    CALLS_ABOVE      /* an address that is not lower; the value has at most 32 bits */
};

/* What the value is, where it is no constant. */
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
    unsigned argument; /* which of them, from 0 */
    uint64_t value;
    enum calls_fact fact;
};

/* A system call that is let through, by these arguments; or, with an error, one that fails. */
struct calls_row {
    long call;
    unsigned groups; /* who needs it */
    int error;
    struct calls_check checks[CALLS_CHECKS]; /* all of them must come out */
};

extern const struct calls_row calls_rows[];
extern const size_t calls_count;

#endif
