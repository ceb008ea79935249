#include "base/clock.h"

#include <sys/prctl.h>

enum { LONGEST = 1000000000 }; /* microseconds, which any time_t can hold */

long long clock_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

long long clock_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

struct timespec clock_left(long long moment) {
    long long left = moment - clock_us();
    if (left < 0)
        left = 0;
    if (left > LONGEST)
        left = LONGEST;
    return (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
}

void clock_be_exact(void) {
    (void)prctl(PR_SET_TIMERSLACK, 1L); /* nanoseconds; 0 would be the default */
}

long long clock_deadline(unsigned seconds) {
    return clock_ms() + seconds * 1000LL;
}

int clock_until(long long deadline) {
    long long left = deadline - clock_ms();
    return left > 0 ? (int)left : 0;
}

double clock_seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int clock_order(const struct timespec *a, const struct timespec *b) {
    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return a->tv_nsec < b->tv_nsec ? -1 : a->tv_nsec > b->tv_nsec;
}
