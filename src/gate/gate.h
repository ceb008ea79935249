/*
 * gate: a program of the operator's decides about each upload before it gets its name. A process of
 * its own runs it, the gatekeeper: made before the session is confined, which can start no
 * programs, and without the client's connection.
 */
#ifndef STORD_GATE_H
#define STORD_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct log;
struct privileges_target;

enum {
    GATE_SAID = 200,      /* bytes of what the program says that are told to the client */
    GATE_FACTS = 16 << 10 /* bytes of the program's environment at most */
};

/* What the program, or its failure, means. */
enum gate_outcome {
    GATE_OPEN,      /* exit status 0: it may have its name */
    GATE_CLOSED,    /* 1: it is refused */
    GATE_LATER,     /* 75 (EX_TEMPFAIL): it is to be sent again later */
    GATE_BROKEN,    /* any other end, too long a time, or it could not be started */
    GATE_CALLED_OFF /* as asked by gate_call_off */
};

struct gate_answer {
    unsigned question; /* which one it answers */
    unsigned char outcome;
    char said[GATE_SAID + 1]; /* the last line of its standard output, any bytes; of GATE_BROKEN,
                               * the reason */
};

/* The session's end. */
struct gate {
    int fd;             /* -1: there is none */
    unsigned questions; /* that were asked */
};

struct gate_setup {
    const char *program; /* its absolute path */
    unsigned time;       /* s that it may take */
    const char *metrics; /* file in which it counts what it logs, or NULL */
    const struct log *log;
    const struct privileges_target *user; /* whom the session will be, and the program */
};

/* Why a program must not, or cannot, be run: text for a complaint, or NULL. The user that this
 * process is could change it, or what leads to it, or cannot run it. */
const char *gate_fault(const char *program);

/* Starts the gatekeeper. Returns 0 or a negative errno. */
int gate_start(struct gate *ret_gate, const struct gate_setup *setup);

/* Asks about an open file: the program can read it from its beginning, and not write to it. facts:
 * its environment, n bytes: texts, each ended by a NUL. Returns 0 or a negative errno; then
 * gate->fd becomes readable once there is an answer. */
int gate_ask(struct gate *gate, int file, const char *facts, size_t n);

/* Takes the answer to the last question. Returns 0, -EAGAIN if it is one to an earlier question, or
 * another negative errno if there is no gatekeeper any more. */
int gate_take(const struct gate *gate, struct gate_answer *ret_answer);

/* Ends the program, and waits for the answer to what was asked. */
void gate_call_off(const struct gate *gate);

#endif
