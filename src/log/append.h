/*
 * append: side files, which are not the log and get lines from sessions: xferlog and transcripts.
 */
#ifndef STORD_APPEND_H
#define STORD_APPEND_H

#include <stdbool.h>
#include <stddef.h>

/* Adds lines of n bytes in all with one write. Returns 0 or a negative errno: -ENOSPC if only a
 * part had room. */
int append_lines(int fd, const char *bytes, size_t n);

/* Tells whether the reason why a file could not be opened may have passed by the next session: no
 * room, no memory, a failing disk. error: a negative errno. */
bool append_may_pass(int error);

#endif
