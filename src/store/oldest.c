#include "store/oldest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stop.h"
#include "store/usage_walk.h"

enum {
    LEAST_AGE = 60 * 60, /* s */
    FOUND_MOST = 256,    /* files that a walk remembers */
    WALKS = 64,          /* for one upload at most */
    REST = 10,           /* walks in vain take at most this part of the time */
    BLOCK = 512          /* bytes, of stat(2) */
};

struct oldest_file {
    struct timespec changed;
    dev_t device;
    ino_t inode;
    char *path;
};

/* State of one walk. */
struct search {
    struct oldest *oldest;
    const struct oldest_need *need;
    time_t now;
    bool is_full;           /* FOUND_MOST are found, of which the newest is from */
    struct timespec newest; /* that time: newer ones are not remembered */
    struct amount may_go;   /* all that may go */
};

void oldest_init(struct oldest *ret_oldest, const struct oldest_home *home) {
    *ret_oldest = (struct oldest){.home = *home};
}

void oldest_forget(struct oldest *oldest) {
    for (size_t i = 0; i < oldest->count; i++)
        free(oldest->files[i].path);
    free(oldest->files);
    oldest->files = NULL;
    oldest->count = oldest->next = 0;
    oldest->rest = 0;
}

/* What removing the file brings. A file with a second name gives nothing back to the disk. */
static struct amount gain(const struct oldest_need *need, const struct stat *st) {
    struct amount gain = {.bytes = (uint64_t)st->st_size, .names = 1};
    if (need->on_disk)
        gain.bytes =
            st->st_nlink == 1 && st->st_dev == need->device ? (uint64_t)st->st_blocks * BLOCK : 0;
    return gain;
}

static bool is_old(const struct stat *st, time_t now) {
    return now - st->st_ctim.tv_sec >= LEAST_AGE;
}

static int compare_ages(const void *a, const void *b) {
    const struct oldest_file *x = a, *y = b;
    return clock_order(&x->changed, &y->changed);
}

/* Keeps the oldest FOUND_MOST of twice as many. */
static void keep_oldest(struct search *search) {
    struct oldest *oldest = search->oldest;
    qsort(oldest->files, oldest->count, sizeof(*oldest->files), compare_ages);
    search->is_full = oldest->count >= FOUND_MOST;
    while (oldest->count > FOUND_MOST)
        free(oldest->files[--oldest->count].path);
    if (search->is_full)
        search->newest = oldest->files[FOUND_MOST - 1].changed;
}

/* A usage_visit. */
static int find(void *context, const char *folder, const char *name, const struct stat *st) {
    struct search *search = context;
    struct oldest *oldest = search->oldest;
    struct amount gained = gain(search->need, st);
    if (!is_old(st, search->now) || (search->need->on_disk && gained.bytes == 0))
        return 0;
    search->may_go = amount_add(search->may_go, gained);
    if (search->is_full && clock_order(&st->st_ctim, &search->newest) >= 0)
        return 0;
    struct oldest_file file = {.changed = st->st_ctim, .device = st->st_dev, .inode = st->st_ino};
    if (asprintf(&file.path, "%s/%s", folder[1] ? folder : "", name) < 0)
        return -ENOMEM;
    oldest->files[oldest->count++] = file;
    if (oldest->count == 2 * (size_t)FOUND_MOST)
        keep_oldest(search);
    return 0;
}

static bool is_enough(struct amount gone, struct amount need) {
    return gone.bytes >= need.bytes && gone.names >= need.names;
}

/* Walks through the home for files that may go, of which `amount` is needed. */
static int search(struct oldest *oldest, const struct oldest_need *need, struct amount amount) {
    struct search search = {.oldest = oldest, .need = need, .now = time(NULL)};
    struct amount held;
    long long begun = clock_ms();
    if (begun < oldest->rest)
        return -ENOSPC;
    oldest_forget(oldest);
    oldest->files = calloc(2 * (size_t)FOUND_MOST, sizeof(*oldest->files));
    if (!oldest->files)
        return -ENOMEM;
    const struct usage_visitor visitor = {.visit = find, .context = &search};
    int result = usage_walk_files(oldest->home.root, oldest->home.stop, &visitor, &held);
    keep_oldest(&search);
    if (result == 0 && (oldest->count == 0 || !is_enough(search.may_go, amount)))
        result = -ENOSPC;
    if (result < 0)
        oldest_forget(oldest);
    if (result == -ENOSPC)
        oldest->rest = clock_ms() + (clock_ms() - begun) * REST;
    return result;
}

/* Is it still the file that was found, and does nobody upload to its name? */
static bool may_go(const struct oldest *oldest, const struct oldest_need *need,
                   const struct oldest_file *file, const struct stat *st, uint64_t kind) {
    bool same = S_ISREG(st->st_mode) && st->st_ino == file->inode && st->st_dev == file->device &&
                clock_order(&st->st_ctim, &file->changed) == 0;
    if (!same || (need->on_disk && gain(need, st).bytes == 0))
        return false;
    return !turns_is_in_flight(oldest->home.turns, kind) &&
           !turns_is_in_flight(oldest->home.turns, turn_kind(oldest->home.owner, file->path));
}

/* Within the turn of its name. *gone: what has gone so far. */
static void remove_file(const struct oldest *oldest, struct usage *usage,
                        const struct oldest_need *need, const struct oldest_file *file, int folder,
                        const char *name, struct amount *gone) {
    const struct amount none = {0};
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !may_go(oldest, need, file, &st, turn_kind_of_name(folder, name)))
        return;
    const struct amount one = {.bytes = (uint64_t)st.st_size, .names = 1};
    (void)usage_begin(usage); /* what removes files is not refused if this fails */
    bool removed = unlinkat(folder, name, 0) == 0;
    usage_end(usage, none, removed ? one : none);
    if (!removed)
        return;
    *gone = amount_add(*gone, gain(need, &st));
    oldest->home.gone(oldest->home.context, file->path, one.bytes,
                      (uint64_t)(time(NULL) - st.st_ctim.tv_sec));
}

/* Removes that file, if it may go. */
static void try_file(const struct oldest *oldest, struct usage *usage,
                     const struct oldest_need *need, const struct oldest_file *file,
                     struct amount *gone) {
    const char *name;
    struct turn turn;
    int folder = path_open_parent(oldest->home.root, file->path, &name);
    if (folder < 0)
        return;
    if (turn_kind_of_name(folder, name) != need->own &&
        turn_try_one(&turn, oldest->home.turns, folder, name) == 0) {
        remove_file(oldest, usage, need, file, folder, name, gone);
        turn_end(&turn);
    }
    (void)close(folder);
}

int oldest_make_room(struct oldest *oldest, struct usage *usage, const struct oldest_need *need) {
    struct amount gone = {0};
    for (int walks = 0; !is_enough(gone, need->amount);) {
        if (stop_asked(oldest->home.stop))
            return -ESHUTDOWN;
        int result = 0;
        if (oldest->next == oldest->count)
            result = walks++ < WALKS ? search(oldest, need, amount_subtract(need->amount, gone))
                                     : -ENOSPC;
        if (result < 0)
            return result;
        try_file(oldest, usage, need, &oldest->files[oldest->next++], &gone);
    }
    return 0;
}
