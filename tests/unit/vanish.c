/* How long the end of the control connection is waited for: by what is known of the upload. */
#include "verbs/vanish.c"

#include <stdio.h>

#include "check.h"

static const struct vanish quick = {.received = 4096, .duration = 300};

static long long time_of(struct vanish vanish) {
    return vanish_time(&vanish);
}

static void quick_uploads_wait_next_to_nothing(void) {
    CHECK(time_of(quick) == VANISH_LEAST);
}

static void long_uploads_wait_longer(void) {
    struct vanish vanish = quick;
    vanish.duration = 40000;
    CHECK(time_of(vanish) == 10000);
    vanish.duration = 60LL * 60 * 1000000;
    CHECK(time_of(vanish) == VANISH_MOST);
}

static void pauses_wait_longer(void) {
    struct vanish vanish = quick;
    vanish.still = VANISH_LEAST / VANISH_PAUSE;
    CHECK(time_of(vanish) == VANISH_LEAST);
    vanish.still = VANISH_STILL - 1;
    CHECK(time_of(vanish) == (VANISH_STILL - 1) * VANISH_PAUSE);
    vanish.still = VANISH_STILL;
    CHECK(time_of(vanish) == VANISH_PAUSED);
    vanish = quick;
    vanish.received = 0;
    CHECK(time_of(vanish) == VANISH_PAUSED);
}

static void lossy_networks_wait_longest(void) {
    struct vanish vanish = quick;
    vanish.is_lossy = true;
    CHECK(time_of(vanish) == VANISH_LOSSY);
    vanish.still = VANISH_STILL;
    CHECK(time_of(vanish) == VANISH_LOSSY);
}

static void whoever_is_asked_next_is_not_about_to_die(void) {
    struct vanish vanish = quick;
    vanish.is_asked = true;
    CHECK(time_of(vanish) == VANISH_MOST);
    vanish.is_told = true;
    CHECK(time_of(vanish) == VANISH_MOST);
    vanish.is_told = false;
    vanish.still = VANISH_STILL;
    CHECK(time_of(vanish) == VANISH_PAUSED);
}

static void tls_tells_its_end(void) {
    const struct vanish vanish = {.is_told = true, .is_lossy = true, .still = VANISH_STILL};
    CHECK(time_of(vanish) == VANISH_LEAST);
}

int main(void) {
    check_run("vanish: a quick upload waits next to nothing", quick_uploads_wait_next_to_nothing);
    check_run("vanish: a long upload waits a part of its time", long_uploads_wait_longer);
    check_run("vanish: a client that pauses at the end, or sends nothing, is waited for",
              pauses_wait_longer);
    check_run("vanish: a lossy network is waited for longest", lossy_networks_wait_longest);
    check_run("vanish: a client that is asked next has time to die before",
              whoever_is_asked_next_is_not_about_to_die);
    check_run("vanish: TLS that told its end waits next to nothing", tls_tells_its_end);
    return check_end();
}
