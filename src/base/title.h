/*
 * title: what the process list shows (ps, /proc/PID/cmdline): written over the arguments and the
 * beginning of the environment, which costs no system call.
 */
#ifndef STORD_TITLE_H
#define STORD_TITLE_H

#include <stddef.h>

/* Moves what lies there to where it stays, and lets the pointers to it, those of libc included,
 * follow. To be called before anybody else keeps one. Nothing is shown yet. */
void title_open(char **argv, char **environment);

/* Shows from now on what is written. */
void title_show(void);

/* Writes text, escaped as by escape_line, at a place, and nothing behind it. What there is no room
 * for, if `spare` bytes are to stay free, is cut off, between characters. Returns the place behind
 * it. Without title_show it does nothing. */
size_t title_write(size_t at, const char *text, size_t spare);

#endif
