/* Stopping by a descriptor. */
#include "base/stop.c"

#include <stdint.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void waits(void) {
    int fd = eventfd(0, EFD_CLOEXEC), both[] = {fd, -1};
    for (int i = 0; i < 2; i++) {
        long begun = ms();
        CHECK(!stop_asked(both[i]));
        CHECK(stop_wait(both[i], 30) == 0);
        CHECK(ms() - begun >= 29);
    }
    (void)close(fd);
}

static void ends(void) {
    const uint64_t one = 1;
    int fd = eventfd(0, EFD_CLOEXEC);
    CHECK(write(fd, &one, sizeof(one)) == sizeof(one));
    CHECK(stop_asked(fd));
    CHECK(stop_asked(fd)); /* it stays asked */
    CHECK(stop_wait(fd, -1) == -ESHUTDOWN);
    (void)close(fd);
}

int main(void) {
    check_run("stop: as long as nobody asks, waits take their time", waits);
    check_run("stop: whoever is asked waits no more", ends);
    return check_end();
}
