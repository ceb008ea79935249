#include "store/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/stage.h"
#include "store/store.h"

enum { AHEAD = 16 << 20 /* bytes of what is announced that room is reserved for at a time */ };

int limits_check_disk(int fd, const struct room *least, uint64_t more) {
    struct statvfs fs;
    if ((more == 0 && least->bytes == 0 && least->percent == 0) || fstatvfs(fd, &fs) < 0 ||
        fs.f_blocks == 0)
        return 0;
    uint64_t room =
        least->percent ? fs.f_blocks / 100 * fs.f_frsize * least->percent : least->bytes;
    return fs.f_bavail * fs.f_frsize < room + more ? -ENOSPC : 0;
}

int limits_check_room(const struct store *store, uint64_t more) {
    return limits_check_disk(store->fd, &store->request->min_free, more);
}

/* A file of so many bytes. */
static struct amount file_of(uint64_t bytes) {
    return (struct amount){.bytes = bytes, .names = 1};
}

/* The file that this one would take the place of. */
static int old_amount(const struct store *store, struct amount *ret_old) {
    struct stat st;
    *ret_old = (struct amount){0};
    if (store->on_conflict != CONFLICT_REPLACE)
        return 0;
    if (fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISREG(st.st_mode))
        *ret_old = file_of((uint64_t)st.st_size);
    return 0;
}

/* What makes room for this one: that file, and a partial. Of a file that the client must not learn
 * of it would learn the size. */
static int gone_amount(const struct store *store, struct amount *ret_gone) {
    struct amount old = {0}, partial = {0};
    bool copied = store->record >= 0;
    bool stays = store->request->hidden || (store->adds && !copied);
    int result = stays ? 0 : old_amount(store, &old);
    if (result == 0)
        result = partial_amount(&store->request->partial, &partial);
    *ret_gone = amount_add(old, partial);
    return result;
}

int limits_set(struct store *store, uint64_t wanted) {
    const struct store_request *request = store->request;
    struct amount more = file_of(wanted), less;
    uint64_t room;
    if (!usage_is_limited(request->usage))
        return 0;
    if (store->adds && store->taken && !request->hidden) /* it has its name already */
        more.names = 0;
    int result = gone_amount(store, &less);
    if (result == 0)
        result = usage_room(request->usage, more, less, &room);
    if (result == 0)
        store->most = room < store->limit ? room : store->limit;
    return result;
}

/* Room for so many bytes of the file. Returns 0 or a negative errno. */
static int reserve_up_to(struct store *store, uint64_t size) {
    uint64_t from = store->reserved ? store->reserved : store->kept;
    if (fallocate(store->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(size - from)) < 0)
        return -errno;
    store->reserved = size;
    return 0;
}

/* Keeps ahead of an upload that has so many bytes. Where that fails, writing tells. */
static void reserve_ahead(struct store *store, uint64_t size) {
    uint64_t all = store->kept + limits_announced(store), next = size + AHEAD;
    if (store->reserved && store->reserved < all && size + AHEAD / 2 >= store->reserved)
        (void)reserve_up_to(store, next < all ? next : all);
}

int limits_check_growth(struct store *store, uint64_t size) {
    int result = limits_check_room(store, 0);
    if (result == 0 && size > store->most)
        result = size > store->limit ? -EFBIG : limits_set(store, size);
    if (result == 0)
        reserve_ahead(store, size);
    return result;
}

uint64_t limits_announced(const struct store *store) {
    const struct store_request *request = store->request;
    uint64_t there = store->kept + store->before;
    bool all = !request->size_is_rest && request->size > there;
    return all ? request->size - there : request->size;
}

static bool says_full(int error) {
    return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

/* Does so much fit at all? Quotas of the file system, and the longest file it can have, are known
 * by trying; but only where that leaves as much to others, if it is for a moment. */
static int try_whole(struct store *store, uint64_t size) {
    struct stat st;
    if (size > INT64_MAX / 2 || limits_check_room(store, 2 * size) < 0)
        return 0;
    if (fstat(store->fd, &st) < 0)
        return -errno;
    int result = reserve_up_to(store, store->kept + size);
    store->reserved = 0;
    if (result < 0)
        return says_full(result) ? result : 0;
    return stage_cut(store, st.st_size);
}

/* The room that must be free where the file will be. The old file's beginning may be copied without
 * taking any; and for what is small it is tried. */
static int check_folder(const struct store *store, uint64_t size) {
    const struct room *least = &store->request->min_free;
    bool copies = store->base == STORE_BEGINNING && least->bytes + least->percent > 0;
    int result = limits_check_disk(store->folder, least, copies ? store->kept : 0);
    bool asks = size > AHEAD || (store->adds && size > 0);
    return result < 0 || !asks ? result : limits_check_disk(store->folder, least, size);
}

int limits_admit(struct store *store) {
    uint64_t size = limits_announced(store);
    if (size > store->limit - store->kept || size > INT64_MAX)
        return -EFBIG;
    uint64_t all = store->kept + size; /* where nothing is announced, something will come */
    bool known = all > 0 || store->adds;
    int result = limits_set(store, known ? all : 1);
    return result < 0 ? result : check_folder(store, size);
}

int limits_reserve(struct store *store) {
    uint64_t size = limits_announced(store);
    if (size == 0 || store->adds) /* it does not stay where it is received */
        return 0;
    int result = size > AHEAD ? try_whole(store, size) : 0;
    if (result == 0)
        result = reserve_up_to(store, store->kept + (size < AHEAD ? size : AHEAD));
    if (result < 0)
        return says_full(result) ? result : limits_check_room(store, size);
    return limits_check_room(store, 0);
}

int limits_change_partial(struct store *store, int (*change)(struct store *store)) {
    const struct store_request *request = store->request;
    struct amount before, after;
    if (!usage_is_limited(request->usage))
        return change(store);
    (void)usage_begin(request->usage);
    int error = partial_amount(&request->partial, &before);
    int result = change(store);
    if (error < 0 || partial_amount(&request->partial, &after) < 0)
        usage_doubt(request->usage);
    else
        usage_end(request->usage, after, before);
    return result;
}

int limits_check_partial(const struct store *store) {
    const struct store_request *request = store->request;
    struct amount before;
    struct stat st;
    if (!usage_is_limited(request->usage))
        return 0;
    if (fstatat(store->work, store->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (store->resumed && st.st_size <= store->old_size)
        return 0;
    int result = partial_amount(&request->partial, &before);
    bool fits = usage_fits(request->usage, file_of((uint64_t)st.st_size), before);
    return result == 0 && !fits ? -USAGE_EXCEEDED : result;
}

int limits_begin_adding(const struct store *store, uint64_t more) {
    struct usage *usage = store->request->usage;
    struct amount less;
    if (!usage_is_limited(usage))
        return 0;
    int result = usage_begin(usage);
    if (result == 0)
        result = partial_amount(&store->request->partial, &less);
    if (result == 0)
        result = usage_check(usage, (struct amount){.bytes = more}, less);
    if (result < 0)
        usage_end(usage, (struct amount){0}, (struct amount){0});
    return result;
}

void limits_end_adding(const struct store *store, uint64_t more) {
    usage_end(store->request->usage, (struct amount){.bytes = more}, (struct amount){0});
}

void limits_doubt(const struct store *store) {
    (void)usage_begin(store->request->usage);
    usage_doubt(store->request->usage);
}

/* Gives the file its name, if the quota leaves room for it. The usage is open. */
static int publish_within(struct store *store, struct amount more, enum published *ret_published) {
    struct amount less;
    int result = old_amount(store, &store->replaced);
    if (result == 0)
        result = gone_amount(store, &less);
    if (result == 0)
        result = usage_check(store->request->usage, more, less);
    return result < 0 ? result : publish_file(store, ret_published);
}

int limits_publish(struct store *store, enum published *ret_published) {
    struct usage *usage = store->request->usage;
    struct stat st;
    if (!usage_is_limited(usage))
        return publish_file(store, ret_published);
    if (fstat(store->fd, &st) < 0)
        return -errno;
    const struct amount none = {0}, more = file_of((uint64_t)st.st_size);
    int result = usage_begin(usage);
    if (result == 0)
        result = publish_within(store, more, ret_published);
    usage_end(usage, result == 0 ? more : none, result == 0 ? store->replaced : none);
    return result;
}

void limits_undo(struct store *store, enum published how) {
    (void)usage_begin(store->request->usage);
    publish_undo(store, how);
    usage_doubt(store->request->usage);
}
