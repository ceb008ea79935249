/*
 * stop: how long work finds out that it is to end: a descriptor becomes readable.
 */
#ifndef STORD_STOP_H
#define STORD_STOP_H

#include <stdbool.h>

/* Receives the signals that ask us to stop through a descriptor. They stay pending for ever, so
 * that nothing else has to remember them. Returns the descriptor, or -1 if there is none: then the
 * signals kill. */
int stop_catch(void);

/* Is it readable? -1: never. */
bool stop_asked(int stop);

/* Waits for so many ms, or until it is readable. Returns 0 or -ESHUTDOWN. */
int stop_wait(int stop, int ms);

#endif
