/*
 * notice: events for other programs (--events), each a file with one line of text.
 *
 *   ROOT/.stord.events/pending/ID.json   about a file that has not got its name yet
 *   ROOT/.stord.events/new/ID.json       to be delivered
 *   ROOT/.stord.events/later/, failed/   of those who deliver: see delivery
 *
 * An event is written before what it tells of, as pending, and is shown (renamed to new/)
 * afterwards. It is locked (F_OFD_SETLK) from its first byte until it is settled: nobody delivers
 * an event that may be taken back, and a pending one without a lock is that of a session which has
 * died. Whoever begins, session or deliverer, judges these (notices_recover).
 */
#ifndef STORD_NOTICE_H
#define STORD_NOTICE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOTICE_FOLDER  PATH_RESERVED_PREFIX "events"
#define NOTICE_PENDING "pending"
#define NOTICE_NEW     "new"

enum {
    NOTICE_LIMIT = 65536,                                                /* bytes of an event */
    NOTICE_ID_SIZE = sizeof("20000101T000000.000000Z-0123456789abcdef"), /* sorts by time */
    NOTICE_NAME_SIZE = NOTICE_ID_SIZE + 5                                /* ID.json */
};

/* The folders of one root. */
struct notices {
    int pending, fresh; /* its folders pending/ and new/; -1: they cannot be used */
    bool no_sync;       /* do not wait for the disk */
    bool in_order;      /* the file system brings changes of names to the disk in their order, */
    dev_t device;       /* and is this one */
};

/* What an event must say of a file. */
struct notice_facts {
    const char *id;   /* of the event */
    const char *name; /* of the file, in its folder */
    ino_t inode;
    uint64_t size;
};

/* Writes the line into text. Returns its length. */
typedef size_t notice_composer(void *context, const struct notice_facts *facts,
                               char text[NOTICE_LIMIT]);

/* One event. */
struct notice {
    const struct notices *notices;
    notice_composer *compose;
    void *context; /* of compose */
    int fd;        /* its file, which is locked; -1: nothing is written */
    bool shown;    /* it is in new/ */
    char id[NOTICE_ID_SIZE];
    char name[NAME_MAX + 1]; /* what it says of the file */
    ino_t inode;
    uint64_t size;
};

/* What becomes of an event whose session has died. */
enum notice_fate { NOTICE_TRUE, NOTICE_UNTRUE };
typedef enum notice_fate notice_judge(void *context, const char *text);

/* Opens the folders; makes them if they are missing. Returns 0 or a negative errno, with
 * descriptors -1: -EPERM if they are another user's. */
int notices_open(struct notices *ret_notices, int root, bool no_sync);
void notices_close(struct notices *notices);

/* Reads an event. Returns false if it is none. */
bool notice_read(int fd, char text[NOTICE_LIMIT]);

/* Judges the pending events of sessions that have died: shows what is true, drops what is not.
 * Returns 0 or a negative errno. */
int notices_recover(const struct notices *notices, notice_judge *judge, void *context);

/* No event is written. */
void notice_init(struct notice *notice, const struct notices *notices, notice_composer *compose,
                 void *context);

/* Writes it as pending, in place of what was written before. Returns 0 or a negative errno. */
int notice_write(struct notice *notice, const char *name, ino_t inode, uint64_t size);

/* The same, synced, if something is written that says something else. notice: or NULL. */
int notice_correct(struct notice *notice, const char *name, ino_t inode, uint64_t size);

/* Brings its bytes to the disk. Returns 0 or a negative errno. */
int notice_sync(const struct notice *notice);

/* What it tells of has happened. Returns 0 or a negative errno. notice: or NULL. */
int notice_show(struct notice *notice);

/* Brings what is shown to the disk. *ret_also: and with it the names given before in that folder.
 * Returns 0 or a negative errno. */
int notices_sync(const struct notices *notices, int folder, bool *ret_also);

/* Would it? */
bool notices_reach(const struct notices *notices, int folder);

/* It did not happen: the event is removed, wherever it is. notice: or NULL. */
void notice_drop(struct notice *notice);

/* It is settled: it may be delivered. notice: or NULL. */
void notice_end(struct notice *notice);

#endif
