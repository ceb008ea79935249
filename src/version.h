/*
 * version: what has a name, in one number, that is another one as soon as something else has it, or
 * the file has other bytes.
 */
#ifndef STORD_VERSION_H
#define STORD_VERSION_H

#include <stdint.h>

#define VERSION_NOTHING UINT64_C(0) /* nothing has the name */
#define VERSION_HIDDEN  UINT64_MAX  /* it is not to be known what has it */

/* Finds out which version has a name in a folder. Returns 0 or a negative errno. */
int version_of(int folder, const char *name, uint64_t *ret_version);

/* The same of a descriptor. */
int version_of_open(int fd, uint64_t *ret_version);

#endif
