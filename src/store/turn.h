/*
 * turn: whoever changes what a name has takes its turn, so that sessions come one after the other.
 *
 * A turn is for one name in one folder, or for two. All sessions that use one root meet in a file
 * of its reserved folder, in which each name has a byte of its own that is locked:
 *
 *   ROOT/.stord.unfinished/.stord.turns/.stord.turn
 *
 * The locks are of the file and not of a folder, for on network file systems only those leave the
 * machine. They go with whoever holds them, however that ends. The last session that uses the file
 * removes it. Where the reserved folder is somebody else's, or files cannot be locked, the folder
 * that holds the name is locked (flock), as a whole.
 *
 * Order, for whoever needs several: the turn, then the lock of a home's usage, then what is shared
 * by a client's sessions. A turn is never taken within a turn.
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

/* The turns of one session. It stays open between two of them. */
struct turns {
    const struct path_root *top; /* the root folder */
    int stop;                    /* ends every wait once it is readable; or -1 */
    int fd;                      /* the file; -1: it was not needed so far */
};

/* One turn. */
struct turn {
    struct turns *turns;
    bool by_file;            /* else by folders: other sessions may find nothing that is written */
    int folders[TURN_NAMES]; /* that are locked, or -1 */
    off_t at[TURN_NAMES];    /* the bytes of the names, in order */
    unsigned count;          /* of bytes */
};

/* One name. */
struct turn_name {
    int folder;       /* where it is */
    const char *name; /* what it is */
};

/* None has been taken. top must outlive it. */
void turns_init(struct turns *turns, const struct path_root *top, int stop);

/* Opens the file already: for whoever changes names and is about to be confined so that it may
 * write to no file. What fails shows when a turn is taken. */
void turns_join(struct turns *turns);

/* None will be taken any more. */
void turns_close(struct turns *turns);

/* What uploads are of one kind, of which somebody else may want to know: those of one owner to one
 * virtual path, or all to one name in a folder. */
uint64_t turn_kind(const char *owner, const char *path);
uint64_t turn_kind_of_name(int folder, const char *name);

/* Says that an upload of that kind is in flight, until it is told that it has ended. fd: its file,
 * which is ours. ret_begun: since when it counts, by the clock of the file system: marks that are
 * there already are older. Returns what tells that it has ended, or 0 where nothing can be said. */
off_t turns_begin_flight(struct turns *turns, uint64_t kind, int fd, struct timespec *ret_begun);
void turns_end_flight(const struct turns *turns, off_t flight);

/* Is one of that kind in flight in another session? */
bool turns_is_in_flight(struct turns *turns, uint64_t kind);

/* Something has come that makes uploads of that kind void which are in flight now: leaves a mark
 * for them, if there are any. The last session that uses the file removes all marks. */
void turns_mark(struct turns *turns, uint64_t kind);

/* Was a mark left at that time, by the clock of the file system, or later? */
bool turns_is_marked(const struct turns *turns, uint64_t kind, const struct timespec *since);

/* No turn is taken. */
void turn_init(struct turn *turn);

/* Takes the turn of one name, or of two (count), and waits for it for a minute at most. Returns 0,
 * -TURN_BUSY, -ESHUTDOWN, or another negative errno. */
int turn_take(struct turn *ret_turn, struct turns *turns, const struct turn_name *names,
              unsigned count);

/* The same of one name. */
int turn_take_one(struct turn *ret_turn, struct turns *turns, int folder, const char *name);

/* Ends the turn, if one was taken. */
void turn_end(struct turn *turn);

/* Locks all of a file, for writing (F_WRLCK) or reading (F_RDLCK), and waits for that as turn_take.
 * most: ms to wait. Returns as turn_take; -EOPNOTSUPP where files cannot be locked. */
int turn_lock_file(int fd, short type, int most, int stop);

#endif
