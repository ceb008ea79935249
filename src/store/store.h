/*
 * store: an upload as a transaction.
 *
 * store_begin, the bytes to store_sink, store_received, store_prepare, store_sync, then
 * store_publish; or store_keep; or store_abort. Until it is published nothing shows under the final
 * name, and a file that has it is not touched. Sessions that publish, keep and resume uploads of
 * one name take turns.
 */
#ifndef STORD_STORE_H
#define STORD_STORE_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/path.h"
#include "base/value.h"
#include "store/addition.h"
#include "store/copy.h"
#include "store/notice.h"
#include "store/oldest.h"
#include "store/partial.h"
#include "store/places.h"
#include "store/publish.h"
#include "store/reserved.h"
#include "store/turn.h"
#include "store/usage.h"
#include "store/version.h"

/* Errors that nothing else gives */
enum {
    STORE_OTHER = EBADE,        /* it is no longer what the client was shown */
    STORE_UNTOLD = ECOMM,       /* its event cannot be written: store->untold says why */
    STORE_LITTLE_LEFT = EBADSLT /* it would fit, but not leave the room that is to stay free */
};

/* What the new file begins with, of the partial of that name if there is one that may be resumed,
 * else of the file. */
enum store_base {
    STORE_NOTHING,   /* nothing: it is replaced */
    STORE_BEGINNING, /* the first `keep` bytes (REST) */
    STORE_ALL /* all of it, if there is one (APPE): a file is added to once the bytes have come */
};

/* What an upload is to become. Must outlive the store. */
struct store_request {
    struct partial partial;    /* its owner, and where it can be kept */
    const char *name;          /* of the file, in its folder */
    const char *seen;          /* of the file that the client sees under that name */
    uint64_t size;             /* bytes announced, for which room is reserved; 0: not known */
    bool size_is_rest;         /* they come after what is kept; else they may be the whole file */
    uint64_t most;             /* bytes that the file may have, or VALUE_UNLIMITED */
    enum store_base base;      /* what it begins with */
    uint64_t keep;             /* bytes, for STORE_BEGINNING */
    bool may_resume;           /* it may resume a partial, */
    bool was_shown;            /* and the client was shown what it resumes: */
    uint64_t shown_partial;    /* the partial of that id, */
    uint64_t shown_version;    /* or, if that is 0, the file in that version */
    bool may_extend;           /* it may resume, or add to, a file, */
    bool may_read;             /* which it may read */
    bool unique;               /* a name is taken also if it has a partial */
    bool blind;                /* the client must learn only of its own files, and */
    bool hidden;               /* what may have the name is not its own */
    enum conflict on_conflict; /* what to do if a file has the name */
    mode_t mode;               /* of the file, or VALUE_NO_MODE */
    gid_t group;               /* of the file, or VALUE_NO_GROUP */
    struct room min_free;      /* room to leave on the disk */
    struct usage *usage;       /* of the home; kept up to date */
    struct turns *turns;       /* of the session */
    struct oldest *oldest;     /* what goes if the home or the disk is full; NULL: nothing */
    struct places *places;     /* folders that are open for uploads that wait */
    struct addition *addition; /* remembers what is added to files in place */
    struct notice *notice;     /* the event that tells of it; or NULL */
    bool copies;               /* APPE copies the file and replaces it */
    bool no_sync;              /* do not wait for the disk */
    bool summed;               /* digests are made of it: what it begins with is read, if that is
                                * allowed, and its time of change is noted */
    int stop;                  /* long copies and waits end once it is readable; or -1 */
};

struct store {
    const struct store_request *request;
    int folder;                    /* the folder it will be in; owned by the store */
    int work;                      /* the folder that it is in until then; or -1 */
    bool lent;                     /* both are owned by places */
    int fd;                        /* the file to write to; only O_PATH after stage_close */
    int record;                    /* the bytes to add, while fd is a copy that gets them; or -1 */
    bool unnamed;                  /* it has no name (O_TMPFILE), else it is called temp */
    bool taken;                    /* a file had the name when it began */
    bool resumed;                  /* it resumes a partial */
    bool adds;                     /* it is added to what has the name when it is published */
    bool may_add_in_place;         /* an addition can be remembered */
    bool record_unnamed;           /* `unnamed`, of record */
    uint64_t reserved;             /* bytes of the file that room is reserved for; or 0 */
    enum store_base base;          /* what of a file it begins with */
    enum conflict on_conflict;     /* as in the request; a file that is extended is replaced */
    uint64_t kind;                 /* of uploads: see turn_kind */
    int untold;                    /* why its event cannot be written: a negative errno */
    off_t flight;                  /* shows that it is in flight; or 0 */
    struct timespec begun;         /* when, by the clock of the file system */
    uint64_t began;                /* the version that the client saw under the name then */
    struct stat old;               /* of the file that it resumes; st_nlink is 0 if there is none */
    uint64_t kept;                 /* bytes that it begins with */
    uint64_t written;              /* bytes written after them */
    uint64_t before;               /* bytes of the file that it will be added to */
    struct amount lack;            /* what a check of the quota found lacking */
    uint64_t limit;                /* bytes that it may have, kept ones included, */
    uint64_t most;                 /* the same, as far as known by the quota */
    struct path_id id;             /* which file it is, when it gets its name; or 0 */
    struct path_id old_id;         /* which file it resumes; or 0 */
    struct timespec changed;       /* its time of change, if that is noted */
    off_t old_size;                /* of the partial that it resumes */
    char name[NAME_MAX + 1];       /* final name; valid also when the store is over */
    char temp[RESERVED_NAME_SIZE]; /* reserved name; "" if it has none */
};

/* Begins an upload into folder (a descriptor that belongs to the store from now on, even if this
 * fails). What can be refused is refused before anything is made for it. Returns 0 or a negative
 * errno: -EISDIR, -ENXIO (what has the name is neither file nor folder), -EEXIST (a file has it,
 * and may not be replaced or extended), -ERANGE (shorter than what is to be kept of it), -EFBIG
 * (more is announced than it may have), -USAGE_EXCEEDED (or than the quota leaves; no upload begins
 * if that leaves nothing), -STORE_OTHER (the client was shown something else), -TURN_BUSY (others
 * keep the turn), -ENAMETOOLONG, -EACCES, -ENOSPC, -STORE_LITTLE_LEFT, -ESHUTDOWN (we are
 * to stop) and those of open(2). */
int store_begin(struct store *ret_store, int folder, const struct store_request *request);

/* Where its bytes go. */
struct copy_sink store_sink(struct store *store);

/* So many bytes have been written there, in total. */
void store_received(struct store *store, uint64_t written);

/* Are so many bytes what was announced? Clients that resume announce what is left, or the whole
 * file. */
bool store_is_as_announced(const struct store *store, uint64_t received);

/* All that comes before the sync: room, length, mode, and a reserved name, which it has from then
 * on. Returns as store_sync. */
int store_prepare(struct store *store);

/* Brings the bytes to the disk, after store_prepare. (Bytes that are added to a file are synced by
 * store_publish.) Returns 0 or a negative errno; then, or if it must no longer be published, call
 * store_keep or store_abort. */
int store_sync(struct store *store);

/* Writes the event that will tell of it, if one is wanted; to be shown by store_publish. After
 * store_prepare. sync: brings it to the disk, too. Returns 0 or -STORE_UNTOLD; then, or if it must
 * not be published, call store_keep or store_abort. */
int store_announce(struct store *store, bool sync);

/* Does a file have the name that is replaced, or added to? */
bool store_replaces(const struct store *store);

/* Gives the synced file its name, and syncs the folder; or adds its bytes to the file that has it.
 * Returns 0 once that is on disk, and removes partials of that name. On a negative errno (as
 * store_begin's; -EBUSY if the file that it resumes has changed meanwhile) everything is as it was
 * before store_begin, except on file systems that can neither exchange two names nor link: there an
 * old file may be gone if the sync of the folder fails, or its event cannot be shown. Either way
 * the store is over. */
int store_publish(struct store *store);

/* The steps of store_publish, for several uploads at once (see batch) that add to no file, each
 * within its turn. store_name gives the file its name, and shows its event: *ret_how. Returns 0 or
 * a negative errno. store_settle, with the result of store_name or of the sync of the folder, takes
 * that back or finishes, and returns the result of the upload; then the store is over. */
int store_name(struct store *store, enum published *ret_how);
int store_settle(struct store *store, enum published how, int result);

/* Keeps what arrived as the partial of that upload, if it is `good` to be resumed, and nothing has
 * been published under the name since the upload began: all except the last byte, because a client
 * that finds its whole file there would believe it stored. If it is not good, a partial that was
 * resumed is kept as it was; and an empty one is kept if the client would otherwise see an older
 * upload, resume that, and mix the two. Nothing is kept of an upload that resumes a file, because
 * the file is still there. Returns 0, -ENODATA if there is nothing to keep, -USAGE_EXCEEDED if the
 * quota does not leave room for it, or another negative errno. Either way the store is over. */
int store_keep(struct store *store, bool good);

/* Drops what arrived, and the partial that it resumes. The store is over. */
void store_abort(struct store *store);

#endif
