/*
 * version: what has a name, as one number, which changes as soon as something else has the name, or
 * the file has other bytes.
 */
#ifndef STORD_VERSION_H
#define STORD_VERSION_H

#include <stdint.h>
#include <sys/stat.h>

#define VERSION_NOTHING UINT64_C(0) /* nothing has the name */
#define VERSION_HIDDEN  UINT64_MAX  /* it must not be known what has it */

/* What has a name in a folder (links are not followed), and its version, both of one moment. name:
 * "" is the folder's descriptor itself. *ret_st: owner, mode, links, size, blocks, inode, device
 * and the time of the last change. Returns 0 or a negative errno, -ENOENT with VERSION_NOTHING. */
int version_look(int folder, const char *name, struct stat *ret_st, uint64_t *ret_version);

/* Only the version; VERSION_NOTHING is one. Returns 0 or a negative errno. */
int version_of(int folder, const char *name, uint64_t *ret_version);

#endif
