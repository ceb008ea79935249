#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "copy.h"
#include "publish.h"
#include "workplace.h"

enum { TEMP_TRIES = 16 };

/* Only plain files give way. Returns 1 for one, 0 when nothing has that name, or why it cannot be
 * had. */
static int check_name(struct store *store) {
    const char *name = store->request->name;
    struct stat st;
    if (strlen(name) >= sizeof(store->name))
        return -ENAMETOOLONG;
    memcpy(store->name, name, strlen(name) + 1);
    if (store->request->unique && partial_stat(&store->request->partial, &st) == 0)
        return 1;
    if (fstatat(store->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    bool silent = store->request->blind && !store->request->unique && S_ISDIR(st.st_mode);
    if (S_ISREG(st.st_mode) || (store->on_conflict == CONFLICT_RENAME && !silent))
        return 1;
    return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
}

static int open_temp(struct store *store) {
    for (int i = 0; i < TEMP_TRIES; i++) {
        int result = unfinished_name(store->temp);
        if (result < 0)
            break;
        store->fd = openat(store->work, store->temp,
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (store->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    int error = -errno;
    store->temp[0] = '\0';
    return error;
}

static int open_file(struct store *store) {
    store->work = workplace_open(store->request->partial.root, store->folder);
    store->fd = openat(store->work, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    store->unnamed = store->fd >= 0;
    if (store->unnamed)
        return 0;
    /* EOPNOTSUPP: this file system has no unnamed files; the others: nor has this kernel */
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
        return open_temp(store);
    return -errno;
}

/* Is the room still free that is to be left? Returns 0 or -ENOSPC. */
static int check_room(const struct store *store, uint64_t more) {
    const struct room *least = &store->request->min_free;
    struct statvfs fs;
    if ((more == 0 && least->bytes == 0 && least->percent == 0) || fstatvfs(store->fd, &fs) < 0 ||
        fs.f_blocks == 0)
        return 0;
    uint64_t room =
        least->percent ? fs.f_blocks / 100 * fs.f_frsize * least->percent : least->bytes;
    return fs.f_bavail * fs.f_frsize < room + more ? -ENOSPC : 0;
}

/* Bytes of the file that this one would take the place of. */
static int old_bytes(const struct store *store, uint64_t *ret_bytes) {
    struct stat st;
    *ret_bytes = 0;
    if (store->on_conflict != CONFLICT_REPLACE)
        return 0;
    if (fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    *ret_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return 0;
}

/* Bytes that make room for this one: of that file, and of a partial. Of a file that the client must
 * not learn of it would learn the size. */
static int gone_bytes(const struct store *store, uint64_t *ret_bytes) {
    uint64_t old = 0, partial = 0;
    int result = store->request->hidden ? 0 : old_bytes(store, &old);
    if (result == 0)
        result = partial_bytes(&store->request->partial, &partial);
    *ret_bytes = old + partial;
    return result;
}

/* Finds out how many bytes the file may have. `wanted` is what it is going to have at least, and no
 * more than the size limit. */
static int set_most(struct store *store, uint64_t wanted) {
    const struct store_request *request = store->request;
    uint64_t room, less;
    if (!usage_is_limited(request->usage))
        return 0;
    int result = gone_bytes(store, &less);
    if (result == 0)
        result = usage_room(request->usage, wanted, less, &room);
    if (result == 0)
        store->most = room < request->most ? room : request->most;
    return result;
}

int store_check_growth(struct store *store, uint64_t size) {
    int result = check_room(store, 0);
    if (result < 0 || size <= store->most)
        return result;
    return size > store->request->most ? -EFBIG : set_most(store, size);
}

/* How many bytes are still to come. Clients that go on announce what is left, or all of the file.
 */
static uint64_t announced(const struct store *store) {
    const struct store_request *request = store->request;
    bool all = !request->size_is_rest && request->size > store->kept;
    return all ? request->size - store->kept : request->size;
}

/* Reserves room, so that a full disk is known before the data is sent. */
static int reserve(struct store *store) {
    uint64_t size = announced(store);
    if (size > store->request->most - store->kept || size > INT64_MAX)
        return -EFBIG;
    uint64_t all = store->kept + size; /* where nothing is announced, something will come */
    int result = set_most(store, all ? all : 1);
    if (result == 0)
        result = check_room(store, 0);
    if (result < 0 || size == 0)
        return result;
    store->reserved = true;
    if (fallocate(store->fd, FALLOC_FL_KEEP_SIZE, (off_t)store->kept, (off_t)size) < 0)
        return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -errno
                                                                    : check_room(store, size);
    return check_room(store, 0);
}

static void finish(struct store *store) {
    if (store->fd >= 0)
        (void)close(store->fd);
    if (store->temp[0])
        (void)unlinkat(store->work, store->temp, 0);
    if (store->work >= 0 && store->work != store->folder)
        (void)close(store->work);
    (void)close(store->folder);
    store->fd = store->work = store->folder = -1;
    store->temp[0] = '\0';
}

/* How much is kept of a file that has so many bytes. -ERANGE when it is too short, -EFBIG when that
 * is more than the new one may have. */
static int set_kept(struct store *store, off_t size) {
    const struct store_request *request = store->request;
    store->kept = request->base == STORE_ALL ? (uint64_t)size : request->keep;
    if ((uint64_t)size < store->kept)
        return -ERANGE;
    return store->kept > request->most ? -EFBIG : 0;
}

/* Begins the file with what is to be kept of the old one, and with its mode. */
static int take_old(struct store *store) {
    const struct store_request *request = store->request;
    int old = openat(store->folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old < 0 && errno == ENOENT && request->base == STORE_ALL)
        return 0;
    if (old < 0)
        return errno == ENOENT ? -ERANGE : -errno;
    struct stat st;
    int result = fstat(old, &st) < 0 ? -errno : 0;
    if (result == 0 && !S_ISREG(st.st_mode))
        result = -ENXIO;
    if (result == 0) {
        store->old = st;
        result = set_kept(store, st.st_size);
    }
    if (result == 0)
        result = set_most(store, store->kept); /* before so much is copied */
    if (result == 0 && request->min_free.bytes + request->min_free.percent > 0)
        result = check_room(store, store->kept);
    if (result == 0)
        result = copy_file(old, store->fd, store->kept, request->stop);
    if (result == 0 && fchmod(store->fd, st.st_mode & 0777) < 0)
        result = -errno;
    (void)close(old);
    return result;
}

/* Does something to the partial, and counts what that comes to. */
static int change_partial(struct store *store, int (*change)(struct store *store)) {
    const struct store_request *request = store->request;
    uint64_t before, after;
    if (!usage_is_limited(request->usage))
        return change(store);
    (void)usage_begin(request->usage);
    int error = partial_bytes(&request->partial, &before);
    int result = change(store);
    if (error < 0 || partial_bytes(&request->partial, &after) < 0)
        usage_doubt(request->usage);
    else
        usage_end(request->usage, after, before);
    return result;
}

static int take_partial(struct store *store) {
    return partial_take(&store->request->partial, store->work, store->temp);
}

/* One that cannot be removed would hide the file: tries again. */
static int remove_partial(struct store *store) {
    const struct partial *partial = &store->request->partial;
    int result = partial_remove(partial);
    return result < 0 && result != -ENOENT ? partial_remove(partial) : result;
}

static int mark_partial(struct store *store) {
    return partial_mark(&store->request->partial);
}

/* Does the file that is called temp fit as the partial? One that was there before always does. */
static int check_partial(const struct store *store) {
    const struct store_request *request = store->request;
    struct stat st;
    uint64_t before;
    if (!usage_is_limited(request->usage))
        return 0;
    if (fstatat(store->work, store->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (store->resumed && st.st_size <= store->old_size)
        return 0;
    int result = partial_bytes(&request->partial, &before);
    bool fits = usage_fits(request->usage, (uint64_t)st.st_size, before);
    return result == 0 && !fits ? -USAGE_EXCEEDED : result;
}

static int keep_partial(struct store *store) {
    int result = check_partial(store);
    return result < 0 ? result : partial_keep(&store->request->partial, store->work, store->temp);
}

/* Opens the partial that has been taken over, behind what is to be kept of it. The rest is cut off
 * when the new bytes have come. */
static int open_partial(struct store *store) {
    struct stat st;
    store->fd = openat(store->work, store->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (store->fd < 0 || fstat(store->fd, &st) < 0)
        return -errno;
    store->old_size = st.st_size;
    int result = set_kept(store, st.st_size);
    if (result == 0 && lseek(store->fd, (off_t)store->kept, SEEK_SET) < 0)
        result = -errno;
    return result;
}

/* A partial that cannot be renamed into place is an empty one, see store_keep: it is begun anew. */
static int begin_anew(struct store *store) {
    struct stat st;
    int result = partial_stat(&store->request->partial, &st);
    if (result < 0)
        return result == -ENOENT ? 0 : result;
    if (st.st_size > 0)
        return -EXDEV;
    store->base = STORE_NOTHING;
    return store->request->base == STORE_BEGINNING && store->request->keep > 0 ? -ERANGE : 0;
}

/* Goes on with the partial, where there is one. Returns 1 when there is, 0 when there is none, or a
 * negative errno. */
static int resume(struct store *store) {
    const struct partial *partial = &store->request->partial;
    int work = unfinished_open(partial->root->fd, false);
    if (work < 0)
        return work == -ENOENT || work == -EPERM ? 0 : work;
    int near = workplace_is_near(work, store->folder);
    if (near <= 0) {
        (void)close(work);
        return near < 0 ? near : begin_anew(store);
    }
    store->work = work;
    int result = unfinished_name(store->temp);
    if (result == 0)
        result = change_partial(store, take_partial);
    if (result < 0) {
        store->temp[0] = '\0';
        (void)close(work);
        store->work = -1;
        return result == -ENOENT || result == -ENOTDIR ? 0 : result;
    }
    store->resumed = true;
    store->base = STORE_NOTHING;
    result = open_partial(store);
    return result < 0 ? result : 1;
}

/* Opens a new file, which begins with what is to be kept of an old one. */
static int begin_new(struct store *store, bool taken) {
    if (store->base != STORE_NOTHING) {
        if (store->request->hidden && store->base == STORE_BEGINNING)
            return -ERANGE;
        if (taken && !store->request->may_extend)
            return -EEXIST;
        store->on_conflict = CONFLICT_REPLACE;
    }
    int result = open_file(store);
    if (result == 0 && store->base != STORE_NOTHING)
        result = take_old(store);
    return result;
}

static int settle_conflict(struct store *store) {
    if (store->on_conflict == CONFLICT_REFUSE)
        return -EEXIST;
    return store->on_conflict == CONFLICT_RENAME ? publish_other_name(store->name, store->name) : 0;
}

static int set_group(const struct store *store) {
    gid_t group = store->request->group;
    return group != VALUE_NO_GROUP && fchown(store->fd, (uid_t)-1, group) < 0 ? -errno : 0;
}

static int begin(struct store *store) {
    int taken = check_name(store);
    int result = taken < 0 ? taken : 0, resumed = 0;
    if (result == 0 && faccessat(store->folder, ".", W_OK | X_OK, AT_EACCESS) < 0)
        result = -errno;
    store->taken = taken > 0;
    if (result == 0 && store->base != STORE_NOTHING && store->request->may_resume)
        result = resumed = resume(store);
    if (result >= 0 && !resumed)
        result = begin_new(store, taken);
    bool settled = taken || (store->request->unique && store->request->blind);
    if (result >= 0 && settled && store->base == STORE_NOTHING)
        result = settle_conflict(store);
    if (result >= 0)
        result = set_group(store);
    return result < 0 ? result : reserve(store);
}

/* Sets the length, and gives back the room that is reserved behind it. */
static int cut(const struct store *store, off_t size) {
    return ftruncate(store->fd, size) < 0 ? -errno : 0;
}

static int become_partial(struct store *store) {
    int result = change_partial(store, keep_partial);
    if (result == 0)
        store->temp[0] = '\0';
    return result;
}

/* Puts a partial back that was taken over in vain. */
static void put_back(struct store *store) {
    if (store->fd < 0 || cut(store, store->old_size) == 0)
        (void)become_partial(store);
}

int store_begin(struct store *ret_store, int folder, const struct store_request *request) {
    struct store *store = ret_store;
    *store = (struct store){.request = request,
                            .folder = folder,
                            .work = -1,
                            .fd = -1,
                            .base = request->base,
                            .most = request->most,
                            .on_conflict = request->on_conflict};
    int result = begin(store);
    if (result < 0) {
        if (store->resumed)
            put_back(store);
        finish(store);
    }
    return result;
}

void store_abort(struct store *store) {
    finish(store);
}

/* Closes the file, for some file systems tell of a failed write only there, and whoever watches the
 * folder must not see it closed after it has got its name. A mere path to it tells later
 * which names are its own. */
static int close_checked(struct store *store) {
    char self[64];
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", store->fd);
    int keep = open(self, O_PATH | O_CLOEXEC);
    if (keep < 0)
        keep = fcntl(store->fd, F_DUPFD_CLOEXEC, 0);
    if (keep < 0)
        return -errno;
    int result = close(store->fd) < 0 ? -errno : 0;
    store->fd = keep;
    return result == -EINTR ? 0 : result; /* Linux has closed it; fsync had the last word */
}

static int sync_file(const struct store *store) {
    int result;
    do
        result = !store->request->no_sync && fsync(store->fd) < 0 ? -errno : 0;
    while (result == -EINTR);
    return result;
}

int store_sync(struct store *store) {
    mode_t mode = store->request->mode;
    off_t end = lseek(store->fd, 0, SEEK_CUR);
    int result = end < 0 ? -errno : 0;
    if (result == 0 && store->old_size > end)
        result = cut(store, end);
    else if (result == 0 && store->reserved && (uint64_t)end != store->kept + announced(store))
        (void)cut(store, end); /* it is only room */
    if (result == 0 && mode != VALUE_NO_MODE && fchmod(store->fd, mode) < 0)
        result = -errno;
    if (result == 0)
        result = check_room(store, 0);
    if (result == 0)
        result = publish_link_temp(store); /* btrfs does not sync what has no name */
    return result < 0 ? result : sync_file(store);
}

/* A partial that could not be published is one again: without its last byte as every one, or, where
 * that would not fit, no longer than it was. */
static void go_back(struct store *store, bool fits) {
    struct stat st;
    int fd = openat(store->work, store->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    bool shorter = fstat(fd, &st) == 0;
    off_t length = shorter && st.st_size > 0 ? st.st_size - 1 : 0;
    if (!fits && length > store->old_size)
        length = store->old_size;
    shorter = shorter && ftruncate(fd, length) == 0;
    (void)close(fd);
    if (shorter)
        (void)become_partial(store);
}

/* Gives the file its name, if the quota leaves room for it. The usage is open. */
static int publish_within(struct store *store, uint64_t size, enum published *ret_published) {
    uint64_t less;
    int result = old_bytes(store, &store->replaced);
    if (result == 0)
        result = gone_bytes(store, &less);
    if (result == 0)
        result = usage_check(store->request->usage, size, less);
    return result < 0 ? result : publish_file(store, ret_published);
}

/* The same with the usage as it is, and counts it. */
static int publish_counted(struct store *store, enum published *ret_published) {
    struct usage *usage = store->request->usage;
    struct stat st;
    if (!usage_is_limited(usage))
        return publish_file(store, ret_published);
    if (fstat(store->fd, &st) < 0)
        return -errno;
    uint64_t size = (uint64_t)st.st_size;
    int result = usage_begin(usage);
    if (result == 0)
        result = publish_within(store, size, ret_published);
    usage_end(usage, result == 0 ? size : 0, result == 0 ? store->replaced : 0);
    return result;
}

/* Takes the name back. What that comes to is looked for where it is needed next. */
static void undo_counted(struct store *store, enum published how) {
    (void)usage_begin(store->request->usage);
    publish_undo(store, how);
    usage_doubt(store->request->usage);
}

int store_publish(struct store *store) {
    enum published published = NOT_PUBLISHED;
    int result = close_checked(store);
    if (result == 0)
        result = publish_counted(store, &published);
    if (result == 0 && !store->request->no_sync)
        result = path_sync_folder(store->folder, store->work);
    if (result < 0 && published != NOT_PUBLISHED)
        undo_counted(store, published);
    else if (result == 0)
        (void)path_identify_open(store->fd, &store->id);
    if (result == 0)
        (void)change_partial(store, remove_partial);
    if (result < 0 && store->resumed && publish_is_ours(store, store->work, store->temp))
        go_back(store, result != -USAGE_EXCEEDED);
    finish(store);
    return result;
}

/* The owner must be able to open it again. */
static int make_writable(const struct store *store) {
    struct stat st;
    const mode_t needed = S_IRUSR | S_IWUSR;
    if (fstat(store->fd, &st) < 0)
        return -errno;
    bool good = (st.st_mode & needed) == needed;
    return good || fchmod(store->fd, (st.st_mode | needed) & 0777) == 0 ? 0 : -errno;
}

/* Would a client that asks for the size see something older than this upload? */
static bool hides_older(const struct store *store) {
    struct stat st;
    return (store->taken && !store->request->hidden) ||
           partial_stat(&store->request->partial, &st) == 0;
}

/* How long the partial is to be, or -ENODATA when there is to be none. */
static off_t length_to_keep(const struct store *store, bool good) {
    off_t end = lseek(store->fd, 0, SEEK_CUR);
    if (store->base != STORE_NOTHING || end < 0)
        return -ENODATA;
    if (end == (off_t)store->kept && store->resumed)
        return store->old_size; /* nothing new came */
    off_t length = good && end > 0 ? end - 1 : (off_t)store->kept;
    return length > 0 || hides_older(store) ? length : -ENODATA;
}

/* Synced, because after a power cut its length must tell how much of it is good. */
int store_keep(struct store *store, bool good) {
    off_t length = length_to_keep(store, good);
    int result = length < 0 ? (int)length : cut(store, length);
    if (result == 0)
        result = make_writable(store);
    if (result == 0)
        result = publish_link_temp(store); /* before the sync, as in store_sync */
    if (result == 0)
        result = sync_file(store);
    if (result == 0)
        result = become_partial(store);
    bool unkept =
        result == -EXDEV /* on another file system than the root's */ || result == -USAGE_EXCEEDED;
    if (unkept && hides_older(store))
        result = change_partial(store, mark_partial) < 0 ? result : -ENODATA;
    finish(store);
    return result;
}
