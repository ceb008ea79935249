/*
 * turn: whoever changes what a name has takes its turn, so that sessions come one after the other.
 *
 * A turn is for one name in one folder, or for two. All sessions that use one root meet in a file
 * of its reserved folder, in which each name has a byte of its own that is locked:
 *
 *   ROOT/.stord.unfinished/.stord.turns/.stord.turn
 *
 * The locks are of the file and not of a folder, for on network file systems only those leave the
 * machine. They go with whoever holds them, however that ends. Where the reserved folder is somebody
 * else's, or files cannot be locked, the folder that holds the name is locked (flock), as a whole.
 *
 * Order, for whoever needs several: the turn, then the lock of a home's usage, then what is shared
 * by a client's sessions. A turn is never taken within a turn.
 */
#ifndef STORD_TURN_H
#define STORD_TURN_H

#include <errno.h>
#include <sys/types.h>

#include "path.h"

enum {
    TURN_NAMES = 2,
    /* An error, by an errno that nothing else gives: others keep the turn for too long */
    TURN_BUSY = ETIME,
};

struct turn {
    int fd;                /* the file, or a folder; -1: no turn was taken */
    int other;             /* a second folder, or -1 */
    bool durable;          /* the file: what is written beside it is found by other sessions, too */
    off_t at[TURN_NAMES];  /* the bytes of the names, in order */
    unsigned count;        /* of bytes */
};

/* One name. */
struct turn_name {
    int folder;       /* where it is */
    const char *name; /* what it is */
};

/* No turn is taken. */
void turn_init(struct turn *turn);

/* Takes the turn of one name, or of two (count), and waits for it for a minute at most. stop: ends
 * the wait once it is readable, or -1. Returns 0, -TURN_BUSY, -ESHUTDOWN, or another negative
 * errno. */
int turn_take(struct turn *ret_turn, const struct path_root *top, const struct turn_name *names,
              unsigned count, int stop);

/* Ends the turn, if one was taken. */
void turn_end(struct turn *turn);

/* Locks all of a file, for writing (F_WRLCK) or reading (F_RDLCK), and waits for that as turn_take.
 * most: ms to wait. Returns as turn_take; -EOPNOTSUPP where files cannot be locked. */
int turn_lock_file(int fd, short type, int most, int stop);

/* Makes the folder that the file is in, where it is missing. Returns a descriptor that leads to it,
 * or a negative errno. */
int turn_open_folder(const struct path_root *top);

#endif
