/*
 * folder: makes folders as the settings want them: mode, group, synced.
 */
#ifndef STORD_FOLDER_H
#define STORD_FOLDER_H

#include "base/config.h"
#include "base/path.h"

/* Brings the names in a folder to the disk, unless --no-sync. Returns 0 or a negative errno. */
int folder_sync(const struct config *config, const struct path_root *root, int folder);

/* Makes the folder of a virtual path, whose parent must exist. Returns 0 or a negative errno:
 * -EEXIST if the name is taken. */
int folder_make(const struct config *config, const struct path_root *root, const char *path);

/* Makes that folder and those above it, if they are missing, and opens it as a root of its own.
 * Returns 0 or a negative errno. */
int folder_enter(const struct config *config, const struct path_root *root, const char *path,
                 struct path_root *ret_root);

#endif
