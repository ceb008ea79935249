#include "verbs/vanish.h"

static long long within(long long time, long long least, long long most) {
    return time < least ? least : time > most ? most : time;
}

static long long by_evidence(const struct vanish *vanish) {
    if (vanish->is_told)
        return VANISH_LEAST;
    if (vanish->is_lossy)
        return VANISH_LOSSY;
    if (vanish->received == 0 || vanish->still >= VANISH_STILL)
        return VANISH_PAUSED;
    long long part = vanish->duration / VANISH_SHARE, pause = vanish->still * VANISH_PAUSE;
    return within(part > pause ? part : pause, VANISH_LEAST, VANISH_MOST);
}

long long vanish_time(const struct vanish *vanish) {
    long long time = by_evidence(vanish);
    return vanish->is_asked && time < VANISH_MOST ? VANISH_MOST : time;
}
