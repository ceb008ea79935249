/*
 * addition: bytes that are being added to a published file, in place. Which file, and how long it
 * was, is remembered durably first, so that the bytes can be taken back: by whoever adds them, or
 * after a crash by the next session that adds to the file, or shows it.
 *
 * The entry is an empty file, whose name says it all: see entry.
 *
 * That an entry gets another name is brought to the disk no later than the length of the file, by
 * the order in which most file systems do such things: no sync is waited for but that of the file.
 * Others sync the folder first.
 *
 * The entry is locked while somebody adds. One that says "pending" and is not locked is of a
 * session that died. In the same boot of the machine nothing of the addition was acknowledged, and
 * all of it goes; after a power cut it may have been, for that an addition has ended is not synced:
 * it stays if it is whole, which its sum tells.
 *
 * A file is known by its inode and its time of birth. Where the file system does not tell that, the
 * number may be another file's by now: then its name must be the same, too, and who publishes a new
 * file removes what is remembered of one that had its number.
 */
#ifndef STORD_ADDITION_H
#define STORD_ADDITION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/path.h"
#include "store/entry.h"

/* The entry of the file that a session adds to. It stays open between two additions to one file. */
struct addition {
    const struct path_root *top; /* the root folder */
    int folder;                  /* that the entries are in; -1: there is none */
    int fd;                      /* the entry */
    bool no_sync;
    const char *boot;           /* in which boot of the machine we are, or "" */
    struct entry_prefix prefix; /* of the file's entries */
    char name[ENTRY_NAME_SIZE]; /* of this one */
};

/* No entry. boot: as usage_boot tells it. Both must outlive it. */
void addition_init(struct addition *addition, const struct path_root *top, const char *boot,
                   bool no_sync);

/* Opens and locks the entry for the file that is called so, and is open for reading and writing at
 * `file`. What a dead session left of another addition is taken back. Returns 0, or a negative
 * errno: -TURN_BUSY when somebody keeps the entry, -ESHUTDOWN. */
int addition_open(struct addition *addition, int folder, const char *name, int file, int stop);

/* Remembers what is to be added to that file, durably. Returns 0 or a negative errno. */
int addition_begin(struct addition *addition, const struct entry_facts *facts, int file);

/* The bytes are part of the file, or have been taken back: there is nothing to remember. Unlocks.
 * Returns 0 or a negative errno: then whoever comes next takes them back. */
int addition_end(struct addition *addition);

/* They could not be taken back: whoever comes next has to do it. Unlocks. */
void addition_give_up(struct addition *addition);

/* Removes the entry. */
void addition_close(struct addition *addition);

/* Cuts what was added off again, as if it had never been there. Returns 0 or a negative errno. */
int addition_cut(int file, const struct entry_facts *facts, bool no_sync);

/* The file that is open is new: what is remembered of one that had its number concerns it not. */
void addition_clear(const struct path_root *top, int file);

/* Looks at what has a name in a folder, as version_look, but at a file without the addition that is
 * pending: takes back what a dead session left, if that can be done, and else tells the old length.
 * boot: as in addition_init. */
int addition_look(const struct path_root *top, const char *boot, int folder, const char *name,
                  struct stat *ret_st, uint64_t *ret_version);

/* For whoever looks at many files: of which something may be pending. */
struct addition_watch {
    int reserved;            /* the reserved folder; -1: there is none */
    struct timespec changed; /* when the folder of entries was last changed, as far as is known */
    bool settled;            /* nothing can have changed since without another time */
    uint64_t *inodes;        /* of these files */
    size_t count, room;
};

void addition_watch_begin(struct addition_watch *watch, const struct path_root *top);
void addition_watch_end(struct addition_watch *watch);

/* May something be pending of a file with that inode? Asked behind the look at the file. */
bool addition_watch_may(struct addition_watch *watch, ino_t inode);

#endif
