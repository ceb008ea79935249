/*
 * turn: a session that changes what has a name takes its turn, so that sessions come one after the
 * other.
 *
 * A turn is for one name in a folder, or for two. All sessions of a root use a file in its reserved
 * folder, in which each name has a byte that they lock:
 *
 *   ROOT/.stord.unfinished/.stord.turns/.stord.turn
 *
 * The locks are on a file and not on a folder, because on network file systems only locks on files
 * work across machines. They end with the session, however it ends. The last session that uses the
 * file removes it. If the reserved folder is another user's, or files cannot be locked, the whole
 * folder of the name is locked (flock).
 *
 * The order of locks: the turn, then a home's usage, then what a client's sessions share. A turn is
 * never waited for within a turn.
 */
#ifndef STORD_TURN_H
#define STORD_TURN_H

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/path.h"
#include "base/patience.h"

enum {
    TURN_NAMES = 2,
    /* An error: others keep the turn for too long */
    TURN_BUSY = PATIENCE_OVER,
};

/* The turns of one session. The file stays open between two of them. */
struct turns {
    const struct path_root *top; /* the root folder */
    int stop;                    /* ends every wait once it is readable; or -1 */
    int fd;                      /* the file; -1: not open */
};

/* One turn. */
struct turn {
    struct turns *turns;
    bool by_file;            /* else by folders: nothing can be kept for other sessions */
    int folders[TURN_NAMES]; /* that are locked, or -1 */
    off_t at[TURN_NAMES];    /* the bytes of the names, in order */
    unsigned count;          /* of bytes */
};

/* One name. */
struct turn_name {
    int folder;       /* its folder */
    const char *name; /* its last part */
};

/* No turn has been taken. top must outlive it. */
void turns_init(struct turns *turns, const struct path_root *top, int stop);

/* Opens the file early, for a session that changes names and is about to be confined so that it may
 * not write to files. A failure shows when a turn is taken. */
void turns_join(struct turns *turns);

/* No turn will be taken any more. */
void turns_close(struct turns *turns);

/* The kind of an upload: all those of one owner to one virtual path, or all to one name in a
 * folder, are of one kind. */
uint64_t turn_kind(const char *owner, const char *path);
uint64_t turn_kind_of_name(int folder, const char *name);

/* Shows other sessions that an upload of that kind is in flight, until turns_end_flight. fd: its
 * file. *ret_begun: since when, by the clock of the file system: present marks are older. Returns
 * what turns_end_flight takes, or 0 if it cannot be shown. */
off_t turns_begin_flight(struct turns *turns, uint64_t kind, int fd, struct timespec *ret_begun);
void turns_end_flight(const struct turns *turns, off_t flight);

/* Is one of that kind in flight in another session? */
bool turns_is_in_flight(struct turns *turns, uint64_t kind);

/* Something has been published that makes uploads of that kind void: leaves a mark for those in
 * flight, if there are any. The last session that uses the file removes all marks. */
void turns_mark(struct turns *turns, uint64_t kind);

/* Was a mark left at that time, by the clock of the file system, or later? */
bool turns_is_marked(const struct turns *turns, uint64_t kind, const struct timespec *since);

/* No turn is taken. */
void turn_init(struct turn *turn);

/* Takes the turn of one name, or of two (count), after at most a minute. Returns 0, -TURN_BUSY,
 * -ESHUTDOWN, or another negative errno. */
int turn_take(struct turn *ret_turn, struct turns *turns, const struct turn_name *names,
              unsigned count);

/* The same for one name. */
int turn_take_one(struct turn *ret_turn, struct turns *turns, int folder, const char *name);

/* The same at once, for a session that has turns already: waiting, it could wait for one that waits
 * for it. Returns -TURN_BUSY if the turn is taken, or would be of a whole folder. */
int turn_try_one(struct turn *ret_turn, struct turns *turns, int folder, const char *name);

/* Ends the turn, if one was taken. */
void turn_end(struct turn *turn);

/* Locks a whole file, for writing (F_WRLCK) or reading (F_RDLCK), or unlocks it (F_UNLCK). most: ms
 * to wait. Returns as turn_take; -EOPNOTSUPP if files cannot be locked. */
int turn_lock_file(int fd, short type, int most, int stop);

#endif
