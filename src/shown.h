/*
 * shown: what a client was last shown under a name, for it goes on from that and from nothing else.
 * Pure.
 */
#ifndef STORD_SHOWN_H
#define STORD_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

enum { SHOWN_ROWS = 4096 /* names that are remembered; each has one row that it may have */ };

/* What it was: either one of the two, or nothing (both 0). */
struct shown_row {
    bool known;
    uint64_t path;    /* hash of the virtual path */
    uint64_t partial; /* the interrupted upload of that id, */
    uint64_t version; /* or the file in that version */
};

struct shown {
    struct shown_row *rows; /* NULL: nothing was shown so far */
};

/* Remembers what the client is shown under that path. Another name whose row it takes is forgotten,
 * and so is what there is no memory for. */
void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version);

/* What it was shown under that path, or NULL. Good until the next change. */
const struct shown_row *shown_find(const struct shown *shown, const char *path);

/* It knows nothing of that path any more. */
void shown_forget(struct shown *shown, const char *path);

void shown_forget_all(struct shown *shown);

#endif
