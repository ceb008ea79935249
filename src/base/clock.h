/*
 * clock: time that never jumps (CLOCK_MONOTONIC), for deadlines and durations.
 */
#ifndef STORD_CLOCK_H
#define STORD_CLOCK_H

#include <time.h>

/* Milliseconds since some fixed moment. */
long long clock_ms(void);

/* The same in microseconds, and how many of those are in a millisecond. */
long long clock_us(void);
enum { CLOCK_US = 1000 };

/* How long it is until a moment as clock_us tells it; 0 once it has passed, and a quarter of an
 * hour at most. */
struct timespec clock_left(long long moment);

/* From now on the kernel ends waits on time. By default it lets each take up to 50 microseconds
 * more. */
void clock_be_exact(void);

/* The moment that is so many seconds from now, as clock_ms tells it. */
long long clock_deadline(unsigned seconds);

/* How many ms poll(2) may wait until that moment: 0 once it is past. */
int clock_until(long long deadline);

/* clock_ms in seconds, with fractions. */
double clock_seconds(void);

/* Compares two times: below 0 if a is earlier, above 0 if it is later, 0 if they are equal. */
int clock_order(const struct timespec *a, const struct timespec *b);

#endif
