/*
 * delivery: events on their way to a program (handler --deliver). They are in notice's folder new/,
 * and
 *
 *   ROOT/.stord.events/later/DUE-FIRST-TRIES-ID.json   failed: when it is tried again, when it
 * first failed (s since 1970), and how often ROOT/.stord.events/failed/ID.json given up
 *
 * Who delivers an event has it locked, so that several can do so at once. What its session has not
 * settled is locked, too.
 */
#ifndef STORD_DELIVERY_H
#define STORD_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "store/notice.h"

enum { DELIVERY_FIRST = 10, DELIVERY_LONGEST = 3600 /* s until an event is tried again */ };

struct delivery {
    struct notices notices;
    int later, failed; /* folders */
};

/* One event. */
struct delivery_row {
    char file[NAME_MAX + 1];
    char id[NOTICE_ID_SIZE]; /* "": this is no event */
    bool is_later;
    long long due, first; /* as above; first is 0 if it has not failed yet */
    unsigned tries;       /* that have failed */
};

/* Opens the folders of a root, and makes those that are missing. Returns 0 or a negative errno:
 * -ENOENT if there have never been events, -EPERM if they are another user's. */
int delivery_open(struct delivery *ret_delivery, int root);
void delivery_close(struct delivery *delivery);

/* All events that are due at that time, the oldest first: *ret_rows, which the caller frees.
 * Returns how many, or a negative errno. */
long delivery_list(const struct delivery *delivery, long long now, struct delivery_row **ret_rows);

/* Locks one. Returns a descriptor to read it by, or a negative errno: -TURN_BUSY if somebody has
 * it, -ENOENT if it has gone. */
int delivery_take(const struct delivery *delivery, const struct delivery_row *row);

/* What becomes of one that has been taken. It is delivered; or it has failed once more, now, and is
 * due again later: returns in how many seconds; or it is given up. Return a negative errno if that
 * cannot be done. */
int delivery_done(const struct delivery *delivery, const struct delivery_row *row);
int delivery_put_off(const struct delivery *delivery, const struct delivery_row *row,
                     long long now);
int delivery_give_up(const struct delivery *delivery, const struct delivery_row *row);

#endif
