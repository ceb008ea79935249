/*
 * append: files beside the log that a session adds lines to: see xferlog and transcript.
 */
#ifndef STORD_APPEND_H
#define STORD_APPEND_H

#include <stddef.h>

/* Adds lines of n bytes in all, at once. Returns 0 or a negative errno: -ENOSPC when only a part
 * had room. */
int append_lines(int fd, const char *bytes, size_t n);

#endif
