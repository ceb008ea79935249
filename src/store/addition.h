/*
 * addition: bytes that are being added to a published file, in place. Which file, and how long it
 * was, is remembered durably first, so that the bytes can be taken back: by the session that adds
 * them, or after a crash by the next one that adds to the file, or shows it.
 *
 * The entry is an empty file, whose name says everything: see entry.
 *
 * The new name of an entry must reach the disk no later than the new length of the file. On file
 * systems that keep this order only the file is synced, on others the folder of entries first.
 *
 * The entry is locked while a session adds. One that says "pending" and is not locked belongs to a
 * session that died. In the same boot of the machine the addition was not acknowledged, and is
 * taken back; after a power cut it may have been, because its end is not synced: it stays if it is
 * complete by its sum.
 *
 * A file is known by its inode and its birth time. If the file system does not keep that, another
 * file may have the number by now: then its name must be the same, too, and a session that
 * publishes a new file removes the entries of files that had its number.
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
    int folder;                  /* that the entries are in; -1: not open */
    int fd;                      /* the entry */
    bool no_sync;
    const char *boot;           /* of usage_boot; "" if not known */
    struct entry_prefix prefix; /* of the file's entries */
    char name[ENTRY_NAME_SIZE]; /* of this one */
};

/* No entry. boot: of usage_boot. top and boot must outlive it. */
void addition_init(struct addition *addition, const struct path_root *top, const char *boot,
                   bool no_sync);

/* Opens and locks the entry for the file of that name, which is open for reading and writing at
 * `file`. Takes back what a dead session left. Returns 0, or a negative errno: -TURN_BUSY if
 * another session keeps the entry, -ESHUTDOWN. */
int addition_open(struct addition *addition, int folder, const char *name, int file, int stop);

/* Remembers what is to be added to that file, durably. Returns 0 or a negative errno. */
int addition_begin(struct addition *addition, const struct entry_facts *facts, int file);

/* The bytes are part of the file, or have been taken back: nothing is pending. Unlocks. Returns 0
 * or a negative errno: then the next session takes them back. */
int addition_end(struct addition *addition);

/* They could not be taken back: the next session has to do it. Unlocks. */
void addition_give_up(struct addition *addition);

/* Removes the entry, if nothing is pending. */
void addition_close(struct addition *addition);

/* Cuts off what was added, and restores the time of change. Returns 0 or a negative errno. */
int addition_cut(int file, const struct entry_facts *facts, bool no_sync);

/* The open file with that id is new: removes the entries of an older one with its inode. */
void addition_clear(const struct path_root *top, int file, const struct path_id *id);

/* Looks at what has a name in a folder, as version_look, and at a file without a pending addition:
 * takes back what a dead session left, if that can be done, else returns the old length. boot: as
 * in addition_init. */
int addition_look(const struct path_root *top, const char *boot, int folder, const char *name,
                  struct stat *ret_st, uint64_t *ret_version);

/* For listings: the files for which something may be pending. */
struct addition_watch {
    int reserved;            /* the reserved folder; -1: there is none */
    struct timespec changed; /* when the folder of entries was last changed, if known */
    bool settled;            /* a later change would show another time */
    uint64_t *inodes;        /* of these files */
    size_t count, room;
};

void addition_watch_begin(struct addition_watch *watch, const struct path_root *top);
void addition_watch_end(struct addition_watch *watch);

/* May something be pending for a file with that inode? Asked after looking at the file. */
bool addition_watch_may(struct addition_watch *watch, ino_t inode);

#endif
