#include "shown.h"

#include <stdbool.h>
#include <stdlib.h>

enum { FIRST_ROOM = 16 };

#define BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t hash_of(const char *path) {
    uint64_t hash = BASIS;
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * PRIME;
    return hash;
}

static struct shown_row *find(const struct shown *shown, uint64_t path) {
    for (size_t i = 0; i < shown->count; i++) {
        if (shown->rows[i].path == path)
            return &shown->rows[i];
    }
    return NULL;
}

static bool make_room(struct shown *shown) {
    if (shown->count < shown->room)
        return true;
    size_t room = shown->room ? 2 * shown->room : FIRST_ROOM;
    struct shown_row *rows = reallocarray(shown->rows, room, sizeof(*rows));
    if (!rows)
        return false;
    shown->rows = rows;
    shown->room = room;
    return true;
}

/* A row for another path. NULL: there is no memory. */
static struct shown_row *add(struct shown *shown) {
    if (shown->count < SHOWN_LIMIT)
        return make_room(shown) ? &shown->rows[shown->count++] : NULL;
    struct shown_row *row = &shown->rows[shown->next];
    shown->next = (shown->next + 1) % SHOWN_LIMIT;
    return row;
}

void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version) {
    uint64_t hash = hash_of(path);
    struct shown_row *row = find(shown, hash);
    if (!row)
        row = add(shown);
    if (row)
        *row = (struct shown_row){.path = hash, .partial = partial, .version = version};
}

const struct shown_row *shown_find(const struct shown *shown, const char *path) {
    return find(shown, hash_of(path));
}

void shown_forget(struct shown *shown, const char *path) {
    struct shown_row *row = find(shown, hash_of(path));
    if (row)
        *row = shown->rows[--shown->count];
}

void shown_forget_all(struct shown *shown) {
    free(shown->rows);
    *shown = (struct shown){0};
}
