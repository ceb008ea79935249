/*
 * patience: waiting for what sends no notice, such as a lock, by asking again: soon at first, then
 * less often.
 */
#ifndef STORD_PATIENCE_H
#define STORD_PATIENCE_H

#include <errno.h>

/* An error, by an errno that nothing else gives: it has taken too long. */
enum { PATIENCE_OVER = ETIME };

struct patience {
    long long deadline; /* of clock_ms */
    int stop;           /* ends the wait once it is readable; or -1 */
    int step;           /* ms until the next try */
};

/* Begins to wait, for at most so many ms. */
struct patience patience_begin(int most, int stop);

/* Waits before the next try. Returns 0, -PATIENCE_OVER, or -ESHUTDOWN if `stop` is readable. */
int patience_pause(struct patience *patience);

#endif
