/*
 * store: an upload as a transaction.
 *
 * store_begin, the bytes to store_sink, store_received, store_sync, then store_publish; or
 * store_keep; or store_abort. Until it is published nothing can be seen under the final name, and a
 * file that has it is not touched. Sessions that publish, keep and go on with uploads of one name
 * take turns.
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
#include "store/partial.h"
#include "store/reserved.h"
#include "store/turn.h"
#include "store/usage.h"
#include "store/version.h"

/* An error that nothing else gives: it is not what the client was shown any more. */
enum { STORE_OTHER = EBADE };

/* What of an older upload of that name the new one begins with: of its partial where there is one
 * and it may go on from that, else of the file. */
enum store_base {
    STORE_NOTHING,   /* it is replaced */
    STORE_BEGINNING, /* the first `keep` bytes (REST) */
    STORE_ALL /* all of it, if there is one (APPE): a file is added to when the bytes are here */
};

/* What an upload is to become. Outlives the store. */
struct store_request {
    struct partial partial;    /* whose it is, and where it can be kept */
    const char *name;          /* of the file, in its folder */
    const char *seen;          /* of the file that the client sees under that name */
    uint64_t size;             /* bytes announced, room for which is reserved; 0: not known */
    bool size_is_rest;         /* they come behind what is kept; else they may be all of the file */
    uint64_t most;             /* bytes that the file may have, or VALUE_UNLIMITED */
    enum store_base base;      /* what it begins with */
    uint64_t keep;             /* bytes, for STORE_BEGINNING */
    bool may_resume;           /* it may go on from a partial, */
    bool was_shown;            /* and the client was shown what it goes on from: */
    uint64_t shown_partial;    /* the partial of that id, */
    uint64_t shown_version;    /* or, where that is 0, the file in that version */
    bool may_extend;           /* it may go on from a file, */
    bool may_read;             /* which it may open */
    bool unique;               /* a name is taken also where it has a partial */
    bool blind;                /* the client must not learn what is there but its own, and */
    bool hidden;               /* what may have the name is not its own */
    enum conflict on_conflict; /* where a file has the name */
    mode_t mode;               /* of the file, or VALUE_NO_MODE */
    gid_t group;               /* of the file, or VALUE_NO_GROUP */
    struct room min_free;      /* room to leave on the disk */
    struct usage *usage;       /* what of a quota is used, and is kept up to date */
    struct turns *turns;       /* of the session */
    struct addition *addition; /* what remembers what is added to files in place */
    bool copies;               /* a file is not added to in place, but copied and replaced */
    bool no_sync;              /* do not wait for the disk */
    int stop;                  /* long copies and waits end once it is readable; or -1 */
};

struct store {
    const struct store_request *request;
    int folder;                    /* the folder it will be in; owned by the store */
    int work;                      /* the folder that it is in until then; or -1 */
    int fd;                        /* the file to write to; a mere path once that is over */
    int record;                    /* what is added, while fd is a copy that gets it; or -1 */
    bool unnamed;                  /* it has no name (O_TMPFILE), else it is called temp */
    bool taken;                    /* a file had the name when it began */
    bool resumed;                  /* it goes on from a partial */
    bool adds;                     /* it is added to what has the name when it is published */
    bool may_add_in_place;         /* what is to be taken back can be remembered */
    bool record_unnamed;           /* `unnamed`, of record */
    uint64_t reserved;             /* bytes of the file that there is room reserved for; or 0 */
    enum store_base base;          /* what of a file it goes on from */
    enum conflict on_conflict;     /* as in the request; a file that is gone on from gives way */
    uint64_t kind;                 /* of uploads: see turn_kind */
    off_t flight;                  /* says that it is in flight; or 0 */
    struct timespec begun;         /* when, by the clock of the file system */
    uint64_t began;                /* the version that the client saw under the name then */
    struct stat old;               /* of that file; st_nlink is 0 where is none */
    uint64_t kept;                 /* bytes that it begins with */
    uint64_t written;              /* bytes behind them */
    uint64_t before;               /* bytes of the file that it is to be added to */
    uint64_t limit;                /* bytes that it may have at the most, kept ones included, */
    uint64_t most;                 /* and as far as is known of the quota */
    struct path_id id;             /* which file it is, once it is published; or 0 */
    struct path_id old_id;         /* which file it goes on from; or 0 */
    off_t old_size;                /* of the partial that it goes on from */
    char name[NAME_MAX + 1];       /* final name; still to be read when the store is over */
    char temp[RESERVED_NAME_SIZE]; /* reserved name, "" when none is in use */
};

/* Begins an upload into folder (a descriptor that now belongs to the store, also when this fails).
 * What can be refused is, before anything is made for it. Returns 0 or a negative errno:
 * -EISDIR, -ENXIO (there, and neither file nor folder), -EEXIST (there, and may not be replaced or
 * extended), -ERANGE (shorter than what is to be kept of it), -EFBIG (more is announced than it may
 * have), -USAGE_EXCEEDED (or than the quota leaves; no upload begins where that leaves nothing),
 * -STORE_OTHER (the client was shown something else), -TURN_BUSY (others keep the turn),
 * -ENAMETOOLONG, -EACCES, -ENOSPC, -ESHUTDOWN (asked to stop) and whatever open(2) says. */
int store_begin(struct store *ret_store, int folder, const struct store_request *request);

/* Where its bytes go. */
struct copy_sink store_sink(struct store *store);

/* So many bytes have been written there, in all. */
void store_received(struct store *store, uint64_t written);

/* Are so many bytes what was announced? Clients that go on announce what is left, or all of the
 * file. */
bool store_is_as_announced(const struct store *store, uint64_t received);

/* Brings the bytes to the disk; the file has a reserved name from then on. Those that are added to
 * a file are brought there by store_publish. Returns 0 or a negative errno; then, or when it must
 * not be published any more, store_keep or store_abort follows. */
int store_sync(struct store *store);

/* Gives the synced file its name, and syncs the folder; or adds its bytes to the file that has it.
 * Returns 0 when that is on disk; a partial of that name is gone then. On a negative errno (as
 * store_begin's; -EBUSY when the file that it goes on from has changed meanwhile) everything is as
 * it was before store_begin; but on file systems that can neither exchange two names nor link, an
 * old file may be gone when the sync of the folder fails. Either way the store is over. */
int store_publish(struct store *store);

/* Keeps what arrived as the partial of that upload, where that is good to go on with, and nothing
 * was published under the name since the upload began: all but the last byte, for a client that
 * finds all of its file there would take it for stored. Where it is not good, a partial that was
 * gone on with is kept as it was; and one without bytes is kept where the client would otherwise
 * see an older upload, go on with that, and mix the two. Nothing is kept of what went on from a
 * file, for that is still there to go on from. Returns 0, -ENODATA when there is nothing to keep,
 * -USAGE_EXCEEDED when the quota does not leave room for it, or another negative errno. Either way
 * the store is over. */
int store_keep(struct store *store, bool good);

/* Drops what arrived, and the partial that it goes on from. */
void store_abort(struct store *store);

#endif
