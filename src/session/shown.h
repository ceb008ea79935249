/*
 * shown: what a client was last shown under a name: it resumes only that. Pure.
 */
#ifndef STORD_SHOWN_H
#define STORD_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHOWN_VERSIONS = 4096, /* rows for files; each file has one place, and may displace another */
    SHOWN_LIMIT = 100000   /* interrupted uploads that are remembered, all of them */
};

/* An id of no interrupted upload: what was shown is no longer there. */
#define SHOWN_STALE UINT64_MAX

/* What was shown: an interrupted upload, a file, or nothing (both 0). */
struct shown_row {
    bool known;
    uint64_t path;    /* sum of the virtual path */
    uint64_t partial; /* id of the interrupted upload, */
    uint64_t version; /* or version of the file */
};

struct shown {
    struct shown_row *partials; /* sorted by path */
    size_t count, room;
    bool lost;                  /* some did not fit: a path without a row may have been shown */
    struct shown_row *versions; /* NULL: no file was shown so far */
};

/* Remembers what the client is shown under that path. Another file in the same row is forgotten; an
 * interrupted upload never is. */
void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version);

/* What the client was shown under that path, or NULL. Valid until the next change. */
const struct shown_row *shown_find(const struct shown *shown, const char *path);

/* Forgets what was shown under that path. */
void shown_forget(struct shown *shown, const char *path);

void shown_forget_all(struct shown *shown);

#endif
