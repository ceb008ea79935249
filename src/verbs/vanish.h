/*
 * vanish: how long the control connection is watched behind the data of an upload whose size is not
 * known, for a client that was killed: its kernel mostly ends the data connection first. Pure.
 * Measured: src/session/README.md, "A client that was killed".
 */
#ifndef STORD_VANISH_H
#define STORD_VANISH_H

#include <stdbool.h>
#include <stdint.h>

/* In microseconds, and how many times as long */
enum {
    VANISH_LEAST = 150,     /* in any case: nearly all of them vanish within that */
    VANISH_MOST = 20000,    /* for an upload that took long: a kill is likelier to fall into one */
    VANISH_SHARE = 4,       /* the part of an upload's time that is waited */
    VANISH_PAUSE = 8,       /* so many times what the end came after the last bytes */
    VANISH_STILL = 1000,    /* a client that had paused for that before the end, */
    VANISH_PAUSED = 100000, /* or sent nothing, is slow or starved: so is its end */
    VANISH_LOSSY = 300000   /* the end may have to be sent again */
};

/* What is known of an upload over a data connection. */
struct vanish {
    bool is_told;  /* its end was told (TLS): hardly any client that is killed does so */
    bool is_lossy; /* the network loses or reorders packets */
    bool is_asked; /* the client is asked next whether it is there: it must not be about to die */
    uint64_t received;  /* bytes */
    long long duration; /* microseconds from the first wait to the end */
    long long still;    /* microseconds for which nothing had come at the end */
};

/* How many microseconds to watch, from the end of the data on. */
long long vanish_time(const struct vanish *vanish);

#endif
