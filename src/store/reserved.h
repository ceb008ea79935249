/*
 * reserved: the reserved folder of the root, for uploads that have no name yet, and for what
 * sessions must know of each other. tmpfiles.d removes old leftovers.
 *
 *   ROOT/.stord.unfinished/.stord.0123456789abcdef   an upload in flight
 *   ROOT/.stord.unfinished/OWNER/                    interrupted uploads: see partial
 *   ROOT/.stord.unfinished/.stord.additions/         bytes being added to files: see addition
 *   ROOT/.stord.unfinished/.stord.certificate        when its end was told last: see daily
 *   ROOT/.stord.unfinished/.stord.shared/            what clients have uploaded: see share
 *   ROOT/.stord.unfinished/.stord.turns/             who may change a name: see turn
 *   ROOT/.stord.unfinished/.stord.usage/             how much homes are used: see usage
 *
 * Beside it stands ROOT/.stord.events/, for events (--events): see notice.
 */
#ifndef STORD_RESERVED_H
#define STORD_RESERVED_H

#include <stdbool.h>

#include "base/path.h"

#define RESERVED_FOLDER PATH_RESERVED_PREFIX "unfinished"

enum { RESERVED_NAME_SIZE = sizeof(PATH_RESERVED_PREFIX) + 16 };

/* Opens the reserved folder in a folder (the root, or if the root's cannot serve, another one);
 * makes it first if `create` is set. Returns a descriptor or a negative errno: -EPERM if it belongs
 * to another user. */
int reserved_open(int folder, bool create);

/* The same for another name in place of RESERVED_FOLDER. */
int reserved_open_as(int folder, const char *name, bool create);

/* Makes a folder in the root's reserved folder, if it is missing, and opens it with O_PATH. path is
 * like a virtual path, shorter than PATH_SIZE, and not "/". Returns as reserved_open. */
int reserved_enter(const struct path_root *root, const char *path);

/* Chooses a random reserved name. Returns 0 or a negative errno. */
int reserved_name(char ret_name[RESERVED_NAME_SIZE]);

#endif
