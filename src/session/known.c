#include "session/known.h"

#include <stdlib.h>

#include "base/clock.h"

struct known_row {
    struct known_file file;
    struct digest_set digests;
};

/* Makes room for one more. Returns whether there is. */
static bool grow(struct known *known) {
    if (known->noted < known->room || known->room == KNOWN_LIMIT)
        return true;
    size_t room = known->room ? 2 * known->room : 16;
    if (room > KNOWN_LIMIT)
        room = KNOWN_LIMIT;
    struct known_row *rows = reallocarray(known->rows, room, sizeof(*rows));
    if (!rows)
        return false;
    known->rows = rows;
    known->room = room;
    return true;
}

void known_note(struct known *known, const struct known_file *file,
                const struct digest_set *digests) {
    if (grow(known))
        known->rows[known->noted++ % KNOWN_LIMIT] =
            (struct known_row){.file = *file, .digests = *digests};
}

bool known_is_same(const struct known_file *a, const struct known_file *b) {
    return path_is_same(&a->id, &b->id) && a->size == b->size &&
           clock_order(&a->changed, &b->changed) == 0;
}

/* How many rows are filled. */
static size_t count_of(const struct known *known) {
    return known->noted < KNOWN_LIMIT ? known->noted : KNOWN_LIMIT;
}

/* The newest first: a client asks about what it has just sent. */
const struct digest_set *known_find(const struct known *known, const struct known_file *file) {
    for (size_t i = 1; i <= count_of(known); i++) {
        const struct known_row *row = &known->rows[(known->noted - i) % KNOWN_LIMIT];
        if (known_is_same(&row->file, file))
            return &row->digests;
    }
    return NULL;
}

void known_set_time(struct known *known, const struct stat *before, const struct stat *after) {
    for (size_t i = 0; i < count_of(known); i++) {
        struct known_file *file = &known->rows[i].file;
        if (file->id.inode != after->st_ino || file->id.device != after->st_dev)
            continue;
        bool same = before->st_ino == after->st_ino && before->st_size == after->st_size &&
                    clock_order(&file->changed, &before->st_mtim) == 0;
        file->changed = after->st_mtim;
        file->size = same ? file->size : -1; /* or it might be taken for what it was */
    }
}

void known_forget_all(struct known *known) {
    free(known->rows);
    *known = (struct known){0};
}
