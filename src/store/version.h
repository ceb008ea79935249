/*
 * version: what has a name, in one number, that is another one as soon as something else has it, or
 * the file has other bytes.
 */
#ifndef STORD_VERSION_H
#define STORD_VERSION_H

#include <stdint.h>
#include <sys/stat.h>

#define VERSION_NOTHING UINT64_C(0) /* nothing has the name */
#define VERSION_HIDDEN  UINT64_MAX  /* it is not to be known what has it */

/* What has a name in a folder, itself where it is a link, and in which version, both of one moment.
 * name: "" is the descriptor. *ret_st: owner, mode, links, size, blocks, inode, device and the time
 * of the last change. Returns 0 or a negative errno, -ENOENT with VERSION_NOTHING. */
int version_look(int folder, const char *name, struct stat *ret_st, uint64_t *ret_version);

/* The version alone; that nothing has the name is one. Returns 0 or a negative errno. */
int version_of(int folder, const char *name, uint64_t *ret_version);

#endif
