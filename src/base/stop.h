/*
 * stop: how long work finds out that it is to end: a descriptor becomes readable.
 */
#ifndef STORD_STOP_H
#define STORD_STOP_H

#include <stdbool.h>

/* Is it readable? -1: never. */
bool stop_asked(int stop);

/* Waits for so many ms, or until it is readable. Returns 0 or -ESHUTDOWN. */
int stop_wait(int stop, int ms);

#endif
