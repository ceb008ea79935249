/*
 * program: one run of a program of the operator's: heard line by line, and ended with all that it
 * has started.
 */
#ifndef STORD_PROGRAM_H
#define STORD_PROGRAM_H

enum { PROGRAM_LINE = 1024 /* bytes of a line that are heard */ };

/* A line that it has printed, which is not empty; any bytes. */
typedef void program_line(void *context, const char *line);

struct program_setup {
    char *const *arguments; /* the first: its path, or a name to be looked for in PATH */
    char *const *environment;
    int input;               /* its standard input */
    unsigned time;           /* s that it may take; 0: any time */
    int stop;                /* kills it when it becomes readable; or -1 */
    program_line *says;      /* hears its standard output, */
    program_line *complains; /* and its standard error */
    void *context;           /* of both */
};

enum program_end {
    PROGRAM_EXITED,     /* status: its exit status */
    PROGRAM_SIGNALLED,  /* the signal that ended it */
    PROGRAM_TOO_LONG,   /* it was killed: its time was up, */
    PROGRAM_STOPPED,    /* or we are to stop, */
    PROGRAM_LOST,       /* or it could not be waited for */
    PROGRAM_NOT_STARTED /* an errno */
};

struct program_result {
    enum program_end end;
    int status;
};

/* Runs it in a process group of its own, with default signals, in "/", and waits for its end. When
 * it is killed, the group is. */
void program_run(const struct program_setup *setup, struct program_result *ret_result);

#endif
