#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "allowance.h"
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
        result = allowance_set(store, store->kept); /* before so much is copied */
    if (result == 0 && request->min_free.bytes + request->min_free.percent > 0)
        result = allowance_check_room(store, store->kept);
    if (result == 0)
        result = copy_file(old, store->fd, store->kept, request->stop);
    if (result == 0 && fchmod(store->fd, st.st_mode & 0777) < 0)
        result = -errno;
    (void)close(old);
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

static int keep_partial(struct store *store) {
    int result = allowance_check_partial(store);
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
        result = allowance_change_partial(store, take_partial);
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
        bool readable = store->request->may_read && !store->request->hidden;
        if (!readable && store->base == STORE_BEGINNING)
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
    return result < 0 ? result : allowance_reserve(store);
}

/* Sets the length, and gives back the room that is reserved behind it. */
static int cut(const struct store *store, off_t size) {
    return ftruncate(store->fd, size) < 0 ? -errno : 0;
}

static int become_partial(struct store *store) {
    int result = allowance_change_partial(store, keep_partial);
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
    else if (result == 0 && store->reserved &&
             (uint64_t)end != store->kept + allowance_announced(store))
        (void)cut(store, end); /* it is only room */
    if (result == 0 && mode != VALUE_NO_MODE && fchmod(store->fd, mode) < 0)
        result = -errno;
    if (result == 0)
        result = allowance_check_room(store, 0);
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

int store_publish(struct store *store) {
    enum published published = NOT_PUBLISHED;
    int result = close_checked(store);
    if (result == 0)
        result = allowance_publish(store, &published);
    if (result == 0 && !store->request->no_sync)
        result = path_sync_folder(store->folder, store->work);
    if (result < 0 && published != NOT_PUBLISHED)
        allowance_undo(store, published);
    else if (result == 0)
        (void)path_identify_open(store->fd, &store->id);
    if (result == 0)
        (void)allowance_change_partial(store, remove_partial);
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
        result = allowance_change_partial(store, mark_partial) < 0 ? result : -ENODATA;
    finish(store);
    return result;
}
