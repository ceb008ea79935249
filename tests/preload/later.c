/*
 * For LD_PRELOAD: the clock of time(2), by which files are old or not, is LATER seconds fast; all
 * other clocks are right.
 */
#include <stdlib.h>
#include <time.h>

time_t time(time_t *ret) {
    const char *later = getenv("LATER");
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += later ? strtol(later, NULL, 10) : 0;
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}
