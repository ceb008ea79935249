/*
 * clock: time that never jumps (CLOCK_MONOTONIC), for deadlines and durations.
 */
#ifndef STORD_CLOCK_H
#define STORD_CLOCK_H

#include <time.h>

/* Milliseconds since some fixed moment. */
long long clock_ms(void);

/* The same in microseconds. */
long long clock_us(void);

/* The moment that is so many seconds from now, as clock_ms tells it. */
long long clock_deadline(unsigned seconds);

/* clock_ms in seconds, with fractions. */
double clock_seconds(void);

/* Compares two times: below 0 if a is earlier, above 0 if it is later, 0 if they are equal. */
int clock_order(const struct timespec *a, const struct timespec *b);

#endif
