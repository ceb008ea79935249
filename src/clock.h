/*
 * clock: time that never jumps (CLOCK_MONOTONIC), for deadlines and durations.
 */
#ifndef STORD_CLOCK_H
#define STORD_CLOCK_H

/* Milliseconds since some fixed moment. */
long long clock_ms(void);

/* The moment that is so many seconds from now, as clock_ms tells it. */
long long clock_deadline(unsigned seconds);

/* clock_ms in seconds, with fractions. */
double clock_seconds(void);

#endif
