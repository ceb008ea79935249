/*
 * append: side files, which stand beside the log and get lines from sessions: xferlog and
 * transcripts.
 */
#ifndef STORD_APPEND_H
#define STORD_APPEND_H

#include <stdbool.h>
#include <stddef.h>

/* Adds lines of n bytes in all, at once. Returns 0 or a negative errno: -ENOSPC when only a part
 * had room. */
int append_lines(int fd, const char *bytes, size_t n);

/* Tells whether what kept a file from being opened may have passed when the next session begins: no
 * room, no memory, a disk that fails. error: a negative errno. */
bool append_may_pass(int error);

#endif
