#include "store/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/stage.h"
#include "store/store.h"

enum {
    AHEAD = 16 << 20, /* bytes, of those announced, to reserve room for at a time */
    MAKE_ROOM = 4     /* how often old files go, if others take their room */
};

uint64_t limits_lack(int fd, const struct room *least, uint64_t more) {
    struct statvfs fs;
    if ((more == 0 && least->bytes == 0 && least->percent == 0) || fstatvfs(fd, &fs) < 0 ||
        fs.f_blocks == 0)
        return 0;
    uint64_t room =
        least->percent ? fs.f_blocks / 100 * fs.f_frsize * least->percent : least->bytes;
    uint64_t there = fs.f_bavail * fs.f_frsize;
    return there < room + more ? room + more - there : 0;
}

int limits_check_disk(int fd, const struct room *least, uint64_t more) {
    static const struct room none;
    if (limits_lack(fd, least, more) == 0)
        return 0;
    return limits_lack(fd, &none, more > 0 ? more : 1) > 0 ? -ENOSPC : -STORE_LITTLE_LEFT;
}

bool limits_is_disk(int error) {
    return error == -ENOSPC || error == -STORE_LITTLE_LEFT;
}

int limits_check_room(const struct store *store, uint64_t more) {
    return limits_check_disk(store->fd, &store->request->min_free, more);
}

/* A file of so many bytes. */
static struct amount file_of(uint64_t bytes) {
    return (struct amount){.bytes = bytes, .names = 1};
}

/* The file that this one would replace. */
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

/* Does the old file make no room for this one? A hidden one does not, or the client would learn its
 * size. */
static bool old_stays(const struct store *store) {
    bool copied = store->record >= 0;
    return store->request->hidden || (store->adds && !copied);
}

/* What makes room for this one: the old file, and partials. */
static int gone_amount(const struct store *store, struct amount *ret_gone) {
    struct amount old = {0}, partial = {0};
    int result = old_stays(store) ? 0 : old_amount(store, &old);
    if (result == 0)
        result = partial_amount(&store->request->partial, &partial);
    *ret_gone = amount_add(old, partial);
    return result;
}

int limits_set_kept(struct store *store, uint64_t size) {
    const struct store_request *request = store->request;
    store->kept = request->base == STORE_ALL ? size : request->keep;
    if (size < store->kept)
        return -ERANGE;
    return store->kept > request->most ? -EFBIG : 0;
}

/* Finds out how many bytes the file may have. wanted: what it will have at least, within the size
 * limit. Returns 0, -USAGE_EXCEEDED or another negative errno. */
static int set_most(struct store *store, uint64_t wanted) {
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
    if (result == -USAGE_EXCEEDED)
        store->lack = usage_lack(request->usage, more, less);
    if (result == 0)
        store->most = room < store->limit ? room : store->limit;
    return result;
}

/* How many bytes are still to come. Clients that resume announce what is left, or the whole
 * file. */
static uint64_t announced(const struct store *store) {
    const struct store_request *request = store->request;
    uint64_t there = store->kept + store->before;
    bool all = !request->size_is_rest && request->size > there;
    return all ? request->size - there : request->size;
}

/* Reserves room for so many bytes of the file. Returns 0 or a negative errno. */
static int reserve_up_to(struct store *store, uint64_t size) {
    uint64_t from = store->reserved ? store->reserved : store->kept;
    if (fallocate(store->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(size - from)) < 0)
        return -errno;
    store->reserved = size;
    return 0;
}

/* Keeps ahead of an upload that has so many bytes. If that fails, writing will show it. */
static void reserve_ahead(struct store *store, uint64_t size) {
    uint64_t all = store->kept + announced(store), next = size + AHEAD;
    if (store->reserved && store->reserved < all && size + AHEAD / 2 >= store->reserved)
        (void)reserve_up_to(store, next < all ? next : all);
}

/* Of so many bytes that are still to come, those that no room is reserved for. */
static uint64_t unreserved(const struct store *store, uint64_t more) {
    uint64_t end = store->kept + more;
    return store->reserved == 0 ? more : end > store->reserved ? end - store->reserved : 0;
}

/* What the disk lacks. Some file systems give the room of a file back only later. */
static struct amount lack_on_disk(const struct store *store, uint64_t more, bool again) {
    int folder = again ? openat(store->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder >= 0) {
        (void)syncfs(folder);
        (void)close(folder);
    }
    return (struct amount){
        .bytes = limits_lack(store->folder, &store->request->min_free, unreserved(store, more))};
}

/* Old files go until `more` bytes fit, after `error`. again: they have gone already. Returns
 * whether they did. */
static bool make_room(struct store *store, int error, uint64_t more, bool again) {
    const struct store_request *request = store->request;
    struct stat st;
    if (!request->oldest || (error != -USAGE_EXCEEDED && !limits_is_disk(error)) ||
        fstat(store->folder, &st) < 0)
        return false;
    struct oldest_need need = {.amount = store->lack,
                               .on_disk = limits_is_disk(error),
                               .device = st.st_dev,
                               .own = turn_kind_of_name(store->folder, store->name)};
    if (need.on_disk)
        need.amount = lack_on_disk(store, more, again);
    return (need.amount.bytes > 0 || need.amount.names > 0) &&
           oldest_make_room(request->oldest, request->usage, &need) == 0;
}

/* Does a check, and again while old files make room. more: bytes that it asks the disk for. */
static int check_making_room(struct store *store, uint64_t more,
                             int (*check)(struct store *, uint64_t), uint64_t value) {
    int result = check(store, value);
    for (int i = 0; i < MAKE_ROOM && make_room(store, result, more, i > 0); i++)
        result = check(store, value);
    return result;
}

bool limits_make_room(struct store *store, int error) {
    return make_room(store, error, 0, false);
}

static int check_growth(struct store *store, uint64_t size) {
    int result = limits_check_room(store, 0);
    if (result == 0 && size > store->most)
        result = size > store->limit ? -EFBIG : set_most(store, size);
    return result;
}

int limits_check_growth(struct store *store, uint64_t size) {
    int result = check_making_room(store, 0, check_growth, size);
    if (result == 0)
        reserve_ahead(store, size);
    return result;
}

static int check_free(struct store *store, uint64_t more) {
    return limits_check_room(store, more);
}

int limits_check_complete(struct store *store) {
    return check_making_room(store, 0, check_free, 0);
}

static bool says_full(int error) {
    return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

/* Does so much fit at all? The file system's quotas and its longest file are found by trying, but
 * only if that leaves as much room to others meanwhile. */
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

/* Is enough room free where the file will be? The old file's beginning may be copied without taking
 * any; and small uploads are tried. */
static int check_folder(const struct store *store, uint64_t size) {
    const struct room *least = &store->request->min_free;
    bool copies = store->base == STORE_BEGINNING && least->bytes + least->percent > 0;
    int result = limits_check_disk(store->folder, least, copies ? store->kept : 0);
    bool asks = size > AHEAD || (store->adds && size > 0);
    return result < 0 || !asks ? result : limits_check_disk(store->folder, least, size);
}

static int admit(struct store *store, uint64_t size) {
    if (size > store->limit - store->kept || size > INT64_MAX)
        return -EFBIG;
    uint64_t all = store->kept + size; /* if nothing is announced, something will come */
    bool known = all > 0 || store->adds;
    int result = set_most(store, known ? all : 1);
    return result < 0 ? result : check_folder(store, size);
}

int limits_admit(struct store *store) {
    uint64_t size = announced(store);
    return check_making_room(store, size, admit, size);
}

static int reserve(struct store *store, uint64_t size) {
    if (size == 0 || store->adds) /* it does not stay where it is received */
        return 0;
    int result = size > AHEAD ? try_whole(store, size) : 0;
    if (result == 0 && store->reserved == 0)
        result = reserve_up_to(store, store->kept + (size < AHEAD ? size : AHEAD));
    if (result < 0)
        return says_full(result) ? result : limits_check_room(store, size);
    return limits_check_room(store, 0);
}

int limits_reserve(struct store *store) {
    uint64_t size = announced(store);
    return check_making_room(store, size, reserve, size);
}

int limits_begin_change(const struct store *store, struct usage_change *ret_change) {
    const struct store_request *request = store->request;
    *ret_change =
        (struct usage_change){.usage = request->usage, .names = {request->partial}, .count = 1};
    return usage_change_begin(ret_change);
}

int limits_check_partial(const struct store *store, const struct usage_change *change) {
    struct stat st;
    if (!usage_is_limited(change->usage))
        return 0;
    if (fstatat(store->work, store->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (store->resumed && st.st_size <= store->old_size)
        return 0;
    if (change->error < 0)
        return change->error;
    bool fits = usage_fits(change->usage, file_of((uint64_t)st.st_size), change->before);
    return fits ? 0 : -USAGE_EXCEEDED;
}

int limits_check_published(struct store *store, const struct usage_change *change,
                           struct amount *ret_new, struct amount *ret_old) {
    *ret_new = file_of((uint64_t)stage_end(store));
    *ret_old = (struct amount){0};
    if (!usage_is_limited(change->usage))
        return 0;
    int result = old_amount(store, ret_old);
    if (result < 0)
        return result;
    struct amount less = change->before;
    if (!old_stays(store))
        less = amount_add(less, *ret_old);
    result = usage_change_check(change, *ret_new, less);
    if (result == -USAGE_EXCEEDED)
        store->lack = usage_lack(change->usage, *ret_new, less);
    return result;
}
