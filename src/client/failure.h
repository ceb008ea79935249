/*
 * failure: why a file, or a session, did not come about: as words for the user, as an exit status
 * by sysexits.h, and whether it may go another time.
 */
#ifndef STORD_CLIENT_FAILURE_H
#define STORD_CLIENT_FAILURE_H

#include <stdbool.h>

enum { FAILURE_SIZE = 4608 /* bytes: a line of a reply, and what was asked for */ };

/* What is left: no other status says it. */
enum { FAILURE_OTHER = 1 };

struct failure {
    int status;   /* of the program, see stor(1); 0: there is none */
    bool passing; /* network trouble or 4yz: worth another try */
    bool final;   /* the login is refused or missing: no other file will be taken */
    bool ours;    /* about the source or this machine: the server has no part in it */
    char why[FAILURE_SIZE];
};

/* Sets why, in printf's way. passing follows from status: EX_TEMPFAIL and EX_UNAVAILABLE. */
void failure_set(struct failure *failure, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about the source or this machine. */
void failure_ours(struct failure *failure, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same by a reply of the server: its code, and its last line. */
void failure_by_code(struct failure *failure, int code, const char *line);

void failure_clear(struct failure *failure);

#endif
