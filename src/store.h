/*
 * store: an upload as a transaction; the one place that syncs and publishes.
 *
 * store_begin, any number of writes to store.fd, store_sync, then store_publish or store_abort.
 * Until then nothing can be seen under the final name, and a file that has it is not touched.
 */
#ifndef STORD_STORE_H
#define STORD_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "path.h"

enum { STORE_TEMP_SIZE = sizeof(PATH_RESERVED_PREFIX) + 16 };

/* What of an old file the new one begins with. */
enum store_base {
    STORE_NOTHING,   /* it is replaced */
    STORE_BEGINNING, /* its first `keep` bytes (REST) */
    STORE_ALL        /* all of it, if there is one (APPE) */
};

/* What an upload is to become. */
struct store_request {
    const char *name; /* of the file, in its folder */
    uint64_t size;    /* bytes announced, room for which is reserved; 0: not known */
    enum store_base base;
    uint64_t keep;    /* bytes, for STORE_BEGINNING */
    bool may_replace; /* a file of that name may give way */
    bool unique;      /* where the name is taken, another one is chosen (STOU) */
};

struct store {
    int folder;                 /* the folder it will be in; owned by the store */
    int fd;                     /* the file to write to */
    bool unnamed;               /* fd has no name yet (O_TMPFILE), else it is called temp */
    bool may_replace;           /* as in the request */
    bool unique;                /* as in the request */
    enum store_base base;       /* as in the request */
    struct stat old;            /* of the file that it goes on from; st_nlink is 0 where is none */
    uint64_t kept;              /* bytes of the old file that it begins with */
    char name[NAME_MAX + 1];    /* final name; still to be read when the store is over */
    char temp[STORE_TEMP_SIZE]; /* name with the reserved prefix, "" when none is in use */
};

/* Begins an upload into folder (a descriptor that now belongs to the store, also when this fails).
 * Returns 0 or a negative errno: -EISDIR, -ENXIO (there, and neither file nor folder), -EEXIST
 * (there, and may not be replaced), -ERANGE (shorter than what is to be kept of it), -ENAMETOOLONG,
 * -EACCES, -ENOSPC and whatever open(2) says. */
int store_begin(struct store *ret_store, int folder, const struct store_request *request);

/* Brings the bytes to the disk; the file still has no name. Returns 0 or a negative errno; then, or
 * when it must not be published any more, store_abort follows. */
int store_sync(struct store *store);

/* Gives the synced file its name (replacing a file that has it, atomically, where it may) and syncs
 * the folder. Returns 0 when that is on disk. On a negative errno (as store_begin's; -EBUSY when
 * the old file that it goes on from has changed meanwhile) everything is as it was before
 * store_begin; but on file systems that cannot exchange two names, an old file may be gone when the
 * sync of the folder fails. Either way the store is over. */
int store_publish(struct store *store);

/* Drops what arrived. */
void store_abort(struct store *store);

#endif
