/*
 * tally: walks a tree of folders and adds up what is in it.
 */
#ifndef STORD_TALLY_H
#define STORD_TALLY_H

#include <stdint.h>

#include "channel.h"
#include "count.h"
#include "path.h"

/* What counts. */
enum tally_kind {
    TALLY_FILES,   /* files and folders that clients can name: no reserved names */
    TALLY_PARTIALS /* interrupted uploads: one reserved name; their folders do not */
};

/* Adds up the plain files and the folders beneath the folder that a virtual path names; 0 where it
 * is not there. No link is followed; a file with two names counts twice. Folders that may be
 * neither read nor written to are left out. Returns 0 or a negative errno: -EACCES when a folder
 * may be written to and not read, -ESHUTDOWN when the channel says that we are to stop. */
int tally(const struct path_root *root, const char *path, enum tally_kind kind,
          const struct channel *channel, struct amount *ret_held);

#endif
