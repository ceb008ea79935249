/*
 * known: the digests of the files that a session has uploaded, the newest. A file is known by what
 * it is, whatever its name is now, and only as long as its length and time of change are the same.
 * Pure: touches no file.
 */
#ifndef STORD_KNOWN_H
#define STORD_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/path.h"

enum { KNOWN_LIMIT = 10000 /* files that are remembered */ };

/* A file with one content. */
struct known_file {
    struct path_id id;
    off_t size;
    struct timespec changed;
};

struct known {
    struct known_row *rows; /* NULL: there has been none */
    size_t room;
    size_t noted; /* files so far; row noted % KNOWN_LIMIT is next */
};

bool known_is_same(const struct known_file *a, const struct known_file *b);

/* Remembers the digests of a file, in place of the oldest if there are too many. Without memory for
 * them it does not. */
void known_note(struct known *known, const struct known_file *file,
                const struct digest_set *digests);

/* The digests of a file, or NULL. Valid until the next change. */
const struct digest_set *known_find(const struct known *known, const struct known_file *file);

/* The time of change of a file has been set. If it was as it is known until then, it still is; else
 * it is forgotten. */
void known_set_time(struct known *known, const struct stat *before, const struct stat *after);

void known_forget_all(struct known *known);

#endif
