/*
 * errand: one run of the gate's program.
 */
#ifndef STORD_ERRAND_H
#define STORD_ERRAND_H

#include "gate/gate.h"

/* Runs the program with the file, read-only, as its standard input, in a process group of its own.
 * Kills the group when its time is up, or when something comes over `session`: the session calls it
 * off, or has ended. Lines on its standard error are logged. */
void errand_run(const struct gate_setup *setup, int session, int file, char *const *environment,
                struct gate_answer *answer);

#endif
