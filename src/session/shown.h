/*
 * shown: what a client was last shown under a name, for it goes on from that and from nothing else.
 * Pure.
 */
#ifndef STORD_SHOWN_H
#define STORD_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SHOWN_VERSIONS = 4096, /* files that are remembered; each has one row that it may have */
    SHOWN_LIMIT = 100000   /* interrupted uploads, all of which are */
};

/* An id that no interrupted upload has: what was shown is not there any more. */
#define SHOWN_STALE UINT64_MAX

/* What it was: either one of the two, or nothing (both 0). */
struct shown_row {
    bool known;
    uint64_t path;    /* sum of the virtual path */
    uint64_t partial; /* the interrupted upload of that id, */
    uint64_t version; /* or the file in that version */
};

struct shown {
    struct shown_row *partials; /* sorted by path */
    size_t count, room;
    bool lost;                  /* some are missing: what is not known may have been shown */
    struct shown_row *versions; /* NULL: none was shown so far */
};

/* Remembers what the client is shown under that path. Another file whose row it takes is forgotten:
 * an interrupted upload never is. */
void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version);

/* What it was shown under that path, or NULL. Good until the next change. */
const struct shown_row *shown_find(const struct shown *shown, const char *path);

/* It knows nothing of that path any more. */
void shown_forget(struct shown *shown, const char *path);

void shown_forget_all(struct shown *shown);

#endif
