#include "shown.h"

#include <stdlib.h>

#define BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t hash_of(const char *path) {
    uint64_t hash = BASIS;
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * PRIME;
    return hash;
}

/* Where the row of that path is, whatever is there. NULL where nothing was ever noted. */
static struct shown_row *row_of(const struct shown *shown, uint64_t path) {
    return shown->rows ? &shown->rows[path % SHOWN_ROWS] : NULL;
}

void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version) {
    uint64_t hash = hash_of(path);
    if (!shown->rows)
        shown->rows = calloc(SHOWN_ROWS, sizeof(*shown->rows));
    struct shown_row *row = row_of(shown, hash);
    if (row)
        *row =
            (struct shown_row){.known = true, .path = hash, .partial = partial, .version = version};
}

const struct shown_row *shown_find(const struct shown *shown, const char *path) {
    uint64_t hash = hash_of(path);
    const struct shown_row *row = row_of(shown, hash);
    return row && row->known && row->path == hash ? row : NULL;
}

void shown_forget(struct shown *shown, const char *path) {
    uint64_t hash = hash_of(path);
    struct shown_row *row = row_of(shown, hash);
    if (row && row->path == hash)
        row->known = false;
}

void shown_forget_all(struct shown *shown) {
    free(shown->rows);
    shown->rows = NULL;
}
