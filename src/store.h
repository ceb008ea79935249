/*
 * store: an upload as a transaction; the one place that syncs and publishes.
 *
 * store_begin, any number of writes to store.fd, then store_commit or store_abort. Until commit
 * nothing can be seen under the final name, and a file that has it is not touched.
 */
#ifndef STORD_STORE_H
#define STORD_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "path.h"

enum { STORE_TEMP_SIZE = sizeof(PATH_RESERVED_PREFIX) + 16 };

struct store {
    int folder;                 /* the folder it will be in; owned by the store */
    int fd;                     /* the file to write to */
    bool unnamed;               /* fd has no name yet (O_TMPFILE), else it is called temp */
    char name[NAME_MAX + 1];    /* final name */
    char temp[STORE_TEMP_SIZE]; /* name with the reserved prefix, "" when none is in use */
};

/* Begins an upload of name into folder (a descriptor that now belongs to the store, also when
 * this fails). size: bytes announced, room for which is reserved; 0: not known.
 * Returns 0 or a negative errno: -EISDIR, -EEXIST (there, and neither file nor folder),
 * -ENAMETOOLONG, -EACCES, -ENOSPC and whatever open(2) says. */
int store_begin(struct store *ret_store, int folder, const char *name, uint64_t size);

/* Syncs the file, gives it its name (replacing a file that has it, atomically) and syncs the
 * folder. Returns 0 when all of that is on disk. On a negative errno everything is as it was
 * before store_begin. Either way the store is over. */
int store_commit(struct store *store);

/* Drops what arrived. */
void store_abort(struct store *store);

#endif
