/*
 * stop: how what takes long finds out that it is to end: a descriptor is readable from then on.
 */
#ifndef STORD_STOP_H
#define STORD_STOP_H

#include <stdbool.h>

/* Is it readable? -1: nobody asks. */
bool stop_asked(int stop);

/* Waits for so many ms, or until it is readable. Returns 0 or -ESHUTDOWN. */
int stop_wait(int stop, int ms);

#endif
