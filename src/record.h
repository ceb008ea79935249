/*
 * record: files beside the log that a session adds lines to: see xferlog and transcript.
 */
#ifndef STORD_RECORD_H
#define STORD_RECORD_H

#include <stddef.h>

/* Writes all of n bytes at once. Returns 0 or a negative errno: -ENOSPC when only a part had room.
 */
int record_write(int fd, const char *bytes, size_t n);

#endif
