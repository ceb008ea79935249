#include "base/patience.h"

#include "base/clock.h"
#include "base/stop.h"

enum { LONGEST_STEP = 8 /* ms between two tries, in the end */ };

struct patience patience_begin(int most, int stop) {
    return (struct patience){.deadline = clock_ms() + most, .stop = stop, .step = 1};
}

int patience_pause(struct patience *patience) {
    if (clock_ms() >= patience->deadline)
        return -PATIENCE_OVER;
    if (stop_wait(patience->stop, patience->step) < 0)
        return -ESHUTDOWN;
    patience->step = patience->step < LONGEST_STEP ? 2 * patience->step : LONGEST_STEP;
    return 0;
}
