/*
 * progress: how far it is, on standard error: a bar on a terminal, or lines. The process has one.
 */
#ifndef STORD_CLIENT_PROGRESS_H
#define STORD_CLIENT_PROGRESS_H

#include <stddef.h>
#include <sys/types.h>

enum progress_style {
    PROGRESS_NONE,
    PROGRESS_BAR,  /* one line that changes: several times a second */
    PROGRESS_PLAIN /* lines, for logs: one in five seconds */
};

/* Begins; so many files are to come. */
void progress_begin(enum progress_style style, size_t files);

/* This is the file that is sent now, of so many bytes; -1: it is not known. */
void progress_file(const char *name, off_t bytes);

/* So many more bytes of it have been sent. */
void progress_add(size_t bytes);

/* One more file is done with, in whatever way. */
void progress_done(void);

/* Takes the bar away, so that something else can be printed. */
void progress_hide(void);

#endif
