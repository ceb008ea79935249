#include "session/own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_ROOM = 16,
    FORGET_PART = 16 /* the part of all that is forgotten at once */
};

/* The index of the first that does not sort before path. */
static size_t lower_bound(const struct own *own, const char *path) {
    size_t first = 0, end = own->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(own->rows[middle].path, path) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static bool is_at(const struct own *own, size_t at, const char *path) {
    return at < own->count && strcmp(own->rows[at].path, path) == 0;
}

static void free_entry(const struct own_entry *entry) {
    free(entry->path);
    free(entry->real);
}

/* Bytes of its paths. */
static size_t size_of(const struct own_entry *entry) {
    return strlen(entry->path) + 1 + (entry->real ? strlen(entry->real) + 1 : 0);
}

static void take_out(struct own *own, size_t at) {
    own->bytes -= size_of(&own->rows[at]);
    own->count--;
    memmove(own->rows + at, own->rows + at + 1, (own->count - at) * sizeof(own->rows[0]));
}

static void forget_at(struct own *own, size_t at) {
    const struct own_entry entry = own->rows[at];
    take_out(own, at);
    free_entry(&entry);
}

/* Many at once, because it looks at all. */
static void forget_oldest(struct own *own) {
    uint64_t oldest = UINT64_MAX;
    size_t kept = 0;
    for (size_t i = 0; i < own->count; i++)
        oldest = own->rows[i].order < oldest ? own->rows[i].order : oldest;
    uint64_t last = oldest + (own->order - oldest) / FORGET_PART;
    for (size_t i = 0; i < own->count; i++) {
        if (own->rows[i].order > last) {
            own->rows[kept++] = own->rows[i];
            continue;
        }
        own->bytes -= size_of(&own->rows[i]);
        free_entry(&own->rows[i]);
    }
    own->count = kept;
    own->forgot = true;
}

/* Makes room for an entry whose paths have so many bytes. */
static int make_room(struct own *own, size_t size) {
    while (own->count > 0 && (own->count >= OWN_LIMIT || own->bytes + size > OWN_BYTES))
        forget_oldest(own);
    if (own->count < own->room)
        return 0;
    size_t room = own->room ? 2 * own->room : FIRST_ROOM;
    struct own_entry *rows = reallocarray(own->rows, room, sizeof(*rows));
    if (!rows)
        return -ENOMEM;
    own->rows = rows;
    own->room = room;
    return 0;
}

/* The paths in a folder that got a longer name can become too long to be used. */
static bool is_usable(const struct own_entry *entry) {
    return strlen(entry->path) < PATH_SIZE && (!entry->real || strlen(entry->real) < PATH_SIZE);
}

/* Takes over an entry and its strings. They are freed on an error, or if they cannot be used any
 * more. */
static int put_in(struct own *own, const struct own_entry *entry) {
    own_forget(own, entry->path);
    int result = is_usable(entry) ? make_room(own, size_of(entry)) : 0;
    if (!is_usable(entry)) {
        free_entry(entry);
        return 0;
    }
    if (result < 0) {
        free_entry(entry);
        return result;
    }
    size_t at = lower_bound(own, entry->path);
    memmove(own->rows + at + 1, own->rows + at, (own->count - at) * sizeof(own->rows[0]));
    own->rows[at] = *entry;
    own->count++;
    own->bytes += size_of(entry);
    return 0;
}

int own_remember(struct own *own, const char *path, const char *real, const struct path_id *id) {
    struct own_entry entry = {
        .path = strdup(path), .real = real ? strdup(real) : NULL, .id = *id, .order = ++own->order};
    if (!entry.path || (real && !entry.real)) {
        free_entry(&entry);
        return -ENOMEM;
    }
    return put_in(own, &entry);
}

const struct own_entry *own_find(const struct own *own, const char *path) {
    size_t at = lower_bound(own, path);
    return is_at(own, at, path) ? &own->rows[at] : NULL;
}

void own_forget(struct own *own, const char *path) {
    size_t at = lower_bound(own, path);
    if (is_at(own, at, path))
        forget_at(own, at);
}

void own_forget_all(struct own *own) {
    for (size_t i = 0; i < own->count; i++)
        free_entry(&own->rows[i]);
    free(own->rows);
    *own = (struct own){0};
}

/* path with its first n bytes replaced by `to`. NULL: out of memory. */
static char *replace_start(const char *path, size_t n, const char *to) {
    char *moved;
    return asprintf(&moved, "%s%s", to, path + n) < 0 ? NULL : moved;
}

static bool is_within(const char *path, const char *folder, size_t length) {
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Gives the entry at `at` a new name. n: bytes of its path that `to` replaces. */
static int rename_entry(struct own *own, size_t at, size_t n, const char *to, const char *real) {
    struct own_entry old = own->rows[at];
    take_out(own, at);
    struct own_entry moved = {
        .path = replace_start(old.path, n, to), .id = old.id, .order = old.order};
    const char *where = old.path[n] ? old.real : real;
    if (where)
        moved.real = old.path[n] ? replace_start(where, n, to) : strdup(where);
    bool complete = moved.path && (!where || moved.real);
    free_entry(&old);
    if (complete)
        return put_in(own, &moved);
    free_entry(&moved);
    return -ENOMEM;
}

int own_move(struct own *own, const char *from, const char *to, const char *real) {
    size_t n = strlen(from), at;
    int result = 0;
    if (is_within(to, from, n))
        return 0; /* no folder can be moved there */
    if (own_find(own, from))
        result = rename_entry(own, lower_bound(own, from), n, to, real);
    if (strcmp(from, to) == 0)
        return result;
    char *inside = result == 0 ? replace_start("/", 0, from) : NULL;
    if (!inside)
        return result < 0 ? result : -ENOMEM;
    while (result == 0 && (at = lower_bound(own, inside)) < own->count &&
           is_within(own->rows[at].path, from, n))
        result = rename_entry(own, at, n, to, NULL);
    free(inside);
    return result;
}

int own_each(const struct own *own, const char *folder,
             int (*call)(void *context, const char *name), void *context) {
    size_t n = folder[1] ? strlen(folder) : 0;
    int result = 0;
    for (size_t i = lower_bound(own, folder); i < own->count && result == 0; i++) {
        const char *path = own->rows[i].path;
        if (strcmp(path, folder) == 0)
            continue;
        if (strncmp(path, folder, n) != 0)
            break;
        if (path[n] == '/' && !strchr(path + n + 1, '/'))
            result = call(context, path + n + 1);
    }
    return result;
}

static int compare_age(const void *a, const void *b) {
    const struct own_entry *const *x = a, *const *y = b;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

int own_each_by_age(const struct own *own,
                    int (*call)(void *context, const struct own_entry *entry), void *context) {
    if (own->count == 0)
        return 0;
    const struct own_entry **rows =
        reallocarray(NULL, own->count, sizeof(const struct own_entry *));
    if (!rows)
        return -ENOMEM;
    for (size_t i = 0; i < own->count; i++)
        rows[i] = &own->rows[i];
    qsort(rows, own->count, sizeof(const struct own_entry *), compare_age);
    int result = 0;
    for (size_t i = 0; i < own->count && result == 0; i++)
        result = call(context, rows[i]);
    free(rows);
    return result;
}
