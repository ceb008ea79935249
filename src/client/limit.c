#include "client/limit.h"

#include "base/clock.h"

enum { STEP_MS = 100 /* how much at once may be sent, and how long is waited for that */ };

/* The process has one limit, for all its connections. */
static struct {
    long long rate;  /* bytes a second; 0: none */
    long long since; /* clock_ms when allowed was right */
    long long allowed;
} limit;

void limit_set(long long rate) {
    limit.rate = rate;
    limit.since = clock_ms();
    limit.allowed = 0;
}

size_t limit_allows(size_t wanted, int *ret_wait) {
    *ret_wait = 0;
    if (limit.rate == 0)
        return wanted;
    long long now = clock_ms(), most = limit.rate * STEP_MS / 1000 + 1;
    long long passed = now - limit.since < STEP_MS ? now - limit.since : STEP_MS;
    long long earned = limit.rate * passed / 1000;
    if (earned > 0) {
        limit.since = now;
        limit.allowed = limit.allowed + earned < most ? limit.allowed + earned : most;
    }
    if (limit.allowed <= 0) {
        *ret_wait = (int)(1000 * (1 - limit.allowed) / limit.rate) + 1;
        *ret_wait = *ret_wait < STEP_MS ? *ret_wait : STEP_MS;
        return 0;
    }
    return wanted < (size_t)limit.allowed ? wanted : (size_t)limit.allowed;
}

void limit_spend(size_t bytes) {
    limit.allowed -= (long long)bytes;
}
