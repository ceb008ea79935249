#include "base/patience.h"

#include <poll.h>

#include "base/clock.h"

enum { LONGEST_STEP = 8 /* ms between two tries, in the end */ };

struct patience patience_begin(int most, int stop) {
    return (struct patience){.deadline = clock_ms() + most, .stop = stop, .step = 1};
}

int patience_pause(struct patience *patience) {
    struct pollfd one = {.fd = patience->stop, .events = POLLIN};
    if (clock_ms() >= patience->deadline)
        return -PATIENCE_OVER;
    if (poll(&one, 1, patience->step) > 0)
        return -ESHUTDOWN;
    patience->step = patience->step < LONGEST_STEP ? 2 * patience->step : LONGEST_STEP;
    return 0;
}
