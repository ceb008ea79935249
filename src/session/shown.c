#include "session/shown.h"

#include <stdlib.h>
#include <string.h>

#include "base/sum.h"

enum { FIRST_ROOM = 16 };

/* The index of the first interrupted upload that does not sort before path. */
static size_t lower_bound(const struct shown *shown, uint64_t path) {
    size_t first = 0, end = shown->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (shown->partials[middle].path < path)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static struct shown_row *find_partial(const struct shown *shown, uint64_t path) {
    size_t at = lower_bound(shown, path);
    bool found = at < shown->count && shown->partials[at].path == path;
    return found ? &shown->partials[at] : NULL;
}

static bool make_room(struct shown *shown) {
    if (shown->count < shown->room)
        return true;
    size_t room = shown->room ? 2 * shown->room : FIRST_ROOM;
    struct shown_row *rows =
        room > SHOWN_LIMIT ? NULL : reallocarray(shown->partials, room, sizeof(*rows));
    if (!rows)
        return false;
    shown->partials = rows;
    shown->room = room;
    return true;
}

static void add_partial(struct shown *shown, const struct shown_row *row) {
    struct shown_row *old = find_partial(shown, row->path);
    if (!old && !make_room(shown)) {
        shown->lost = true;
        return;
    }
    size_t at = lower_bound(shown, row->path), behind = shown->count - at;
    if (!old) {
        memmove(shown->partials + at + 1, shown->partials + at, behind * sizeof(*row));
        shown->count++;
    }
    shown->partials[at] = *row;
}

static void drop_partial(struct shown *shown, uint64_t path) {
    const struct shown_row *row = find_partial(shown, path);
    if (!row)
        return;
    size_t at = (size_t)(row - shown->partials);
    shown->count--;
    memmove(shown->partials + at, shown->partials + at + 1,
            (shown->count - at) * sizeof(*shown->partials));
}

/* The row for that file, whatever it contains. NULL if no file was ever noted. */
static struct shown_row *version_row(const struct shown *shown, uint64_t path) {
    return shown->versions ? &shown->versions[path % SHOWN_VERSIONS] : NULL;
}

static void forget_version(struct shown *shown, uint64_t path) {
    struct shown_row *row = version_row(shown, path);
    if (row && row->path == path)
        row->known = false;
}

void shown_note(struct shown *shown, const char *path, uint64_t partial, uint64_t version) {
    const struct shown_row row = {
        .known = true, .path = sum_add_text(0, path), .partial = partial, .version = version};
    if (partial) {
        forget_version(shown, row.path);
        add_partial(shown, &row);
        return;
    }
    drop_partial(shown, row.path);
    if (!shown->versions)
        shown->versions = calloc(SHOWN_VERSIONS, sizeof(*shown->versions));
    struct shown_row *place = version_row(shown, row.path);
    if (place)
        *place = row;
}

const struct shown_row *shown_find(const struct shown *shown, const char *path) {
    uint64_t sum = sum_add_text(0, path);
    const struct shown_row *row = find_partial(shown, sum);
    if (row)
        return row;
    row = version_row(shown, sum);
    return row && row->known && row->path == sum ? row : NULL;
}

void shown_forget(struct shown *shown, const char *path) {
    uint64_t sum = sum_add_text(0, path);
    drop_partial(shown, sum);
    forget_version(shown, sum);
}

void shown_forget_all(struct shown *shown) {
    free(shown->partials);
    free(shown->versions);
    *shown = (struct shown){0};
}
