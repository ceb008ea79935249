#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMP_TRIES = 16, PUBLISH_TRIES = 16, SUFFIX_LIMIT = 16, COPY_SIZE = 1 << 16 };

/* Only plain files give way. Returns 1 for one, 0 when nothing has that name, or why it cannot be
 * had. */
static int check_target(int folder, const char *name) {
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISREG(st.st_mode) ? 1 : -ENXIO;
}

/* Puts something random into the name, before its suffix. */
static int choose_name(struct store *store, const char *wish) {
    uint32_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    const char *dot = strrchr(wish, '.');
    if (!dot || dot == wish || strlen(dot) > SUFFIX_LIMIT)
        dot = wish + strlen(wish);
    size_t stem = (size_t)(dot - wish), most = NAME_MAX - strlen(dot) - 9;
    (void)snprintf(store->name, sizeof(store->name), "%.*s-%08x%.*s",
                   (int)(stem < most ? stem : most), wish, random, SUFFIX_LIMIT, dot);
    return 0;
}

static int choose_temp(struct store *store) {
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    (void)snprintf(store->temp, sizeof(store->temp), PATH_RESERVED_PREFIX "%016llx",
                   (unsigned long long)random);
    return 0;
}

static int open_temp(struct store *store) {
    for (int i = 0; i < TEMP_TRIES; i++) {
        int result = choose_temp(store);
        if (result < 0)
            return result;
        store->fd = openat(store->folder, store->temp,
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (store->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    store->temp[0] = '\0';
    return -errno;
}

static int open_file(struct store *store) {
    store->fd = openat(store->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    store->unnamed = store->fd >= 0;
    if (store->unnamed)
        return 0;
    /* EOPNOTSUPP: this file system has no unnamed files; the others: nor has this kernel */
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
        return open_temp(store);
    return -errno;
}

/* Reserves room, so that a full disk is known before the data is sent. */
static int reserve(const struct store *store, uint64_t size) {
    if (size == 0)
        return 0;
    if (size > INT64_MAX)
        return -EFBIG;
    if (fallocate(store->fd, FALLOC_FL_KEEP_SIZE, (off_t)store->kept, (off_t)size) == 0)
        return 0;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -errno : 0;
}

static void finish(struct store *store) {
    if (store->fd >= 0)
        (void)close(store->fd);
    if (store->temp[0])
        (void)unlinkat(store->folder, store->temp, 0);
    (void)close(store->folder);
    store->fd = store->folder = -1;
    store->temp[0] = '\0';
}

/* What copy_file_range cannot do, between some file systems. */
static int copy_by_hand(int from, int to, uint64_t left) {
    char buffer[COPY_SIZE];
    while (left > 0) {
        ssize_t n = read(from, buffer, left < sizeof(buffer) ? (size_t)left : sizeof(buffer));
        if (n <= 0)
            return n < 0 ? -errno : -ERANGE;
        for (ssize_t at = 0, done; at < n; at += done) {
            done = write(to, buffer + at, (size_t)(n - at));
            if (done <= 0)
                return done < 0 ? -errno : -EIO;
        }
        left -= (uint64_t)n;
    }
    return 0;
}

/* Copies n bytes; the file system may share them instead. -ERANGE when there are not so many. */
static int copy_bytes(int from, int to, uint64_t left) {
    while (left > 0) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, left < SSIZE_MAX ? left : SSIZE_MAX, 0);
        if (n < 0 && errno != EINTR)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO
                       ? -errno
                       : copy_by_hand(from, to, left);
        if (n == 0)
            return -ERANGE;
        left -= n > 0 ? (uint64_t)n : 0;
    }
    return 0;
}

/* Begins the file with what is to be kept of the old one, and with its mode. */
static int take_old(struct store *store, const struct store_request *request) {
    if (request->base == STORE_NOTHING)
        return 0;
    int old = openat(store->folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old < 0 && errno == ENOENT && (request->base == STORE_ALL || request->keep == 0))
        return 0;
    if (old < 0)
        return errno == ENOENT ? -ERANGE : -errno;
    struct stat st;
    int result = fstat(old, &st) < 0 ? -errno : 0;
    if (result == 0 && !S_ISREG(st.st_mode))
        result = -ENXIO;
    if (result == 0) {
        store->old = st;
        store->kept = request->base == STORE_ALL ? (uint64_t)st.st_size : request->keep;
        result =
            (uint64_t)st.st_size < store->kept ? -ERANGE : copy_bytes(old, store->fd, store->kept);
    }
    if (result == 0 && fchmod(store->fd, st.st_mode & 0777) < 0)
        result = -errno;
    (void)close(old);
    return result;
}

/* Can the file be called as is wished? With `unique`, what it can be called. */
static int settle_name(struct store *store, const struct store_request *request) {
    if (strlen(request->name) >= sizeof(store->name))
        return -ENAMETOOLONG;
    memcpy(store->name, request->name, strlen(request->name) + 1);
    int taken = check_target(store->folder, store->name);
    if (request->unique && (taken == 1 || taken == -EISDIR || taken == -ENXIO))
        return choose_name(store, request->name);
    if (taken == 1 && !request->may_replace && request->base == STORE_NOTHING)
        return -EEXIST;
    return taken < 0 ? taken : 0;
}

int store_begin(struct store *ret_store, int folder, const struct store_request *request) {
    struct store *store = ret_store;
    *store = (struct store){.fd = -1,
                            .folder = folder,
                            .unique = request->unique,
                            .base = request->base,
                            .may_replace = request->may_replace || request->base != STORE_NOTHING};
    int result = settle_name(store, request);
    if (result == 0)
        result = open_file(store);
    if (result == 0)
        result = take_old(store, request);
    if (result == 0)
        result = reserve(store, request->size);
    if (result < 0)
        finish(store);
    return result;
}

void store_abort(struct store *store) {
    finish(store);
}

/* Flushes and closes one of two descriptors of the file, for some file systems tell of a failed
 * write only there. The other one keeps an unnamed file alive. */
static int close_checked(struct store *store) {
    int keep = fcntl(store->fd, F_DUPFD_CLOEXEC, 0);
    if (keep < 0)
        return -errno;
    int result = close(store->fd) < 0 ? -errno : 0;
    store->fd = keep;
    return result == -EINTR ? 0 : result; /* Linux has closed it; fsync had the last word */
}

/* Links the unnamed file to a name. */
static int link_as(const struct store *store, const char *name) {
    if (linkat(store->fd, "", store->folder, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT && errno != EPERM && errno != EINVAL)
        return -errno;
    char self[64]; /* before Linux 6.10 only privileged users may do it so */
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", store->fd);
    return linkat(AT_FDCWD, self, store->folder, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int link_temp(struct store *store) {
    int result = -EEXIST;
    for (int i = 0; i < TEMP_TRIES && result == -EEXIST; i++) {
        result = choose_temp(store);
        if (result == 0)
            result = link_as(store, store->temp);
    }
    if (result < 0)
        store->temp[0] = '\0';
    else
        store->unnamed = false;
    return result;
}

/* Gives the final name where nobody has it. -EEXIST where somebody has. */
static int publish_new(struct store *store) {
    if (store->unnamed)
        return link_as(store, store->name);
    if (renameat2(store->folder, store->temp, store->folder, store->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -errno;
    struct stat st; /* a file system without it */
    if (fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return renameat(store->folder, store->temp, store->folder, store->name) < 0 ? -errno : 0;
}

static int swap(const struct store *store) {
    return renameat2(store->folder, store->temp, store->folder, store->name, RENAME_EXCHANGE) < 0
               ? -errno
               : 0;
}

/* Is it our file that is called so? */
static bool is_ours(const struct store *store, const char *name) {
    struct stat ours, there;
    return fstat(store->fd, &ours) == 0 &&
           fstatat(store->folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Exchanges back. Should another session have published over our file meanwhile, it is its file
 * that we got: that one is put back where it was, for it may be acknowledged already. */
static void swap_back(const struct store *store) {
    if (swap(store) == 0 && !is_ours(store, store->temp))
        (void)swap(store);
}

/* How the final name was given, and so how it can be taken back. */
enum published { NOT_PUBLISHED, ADDED, SWAPPED, RENAMED_OVER };

/* Is what we got for our file what may be replaced? It may have become a folder or a link under our
 * hands, or, where our file goes on from it, have got more bytes. */
static int check_swapped(const struct store *store) {
    struct stat st;
    if (fstatat(store->folder, store->temp, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    const struct stat *old = &store->old;
    bool same = old->st_nlink > 0 && st.st_ino == old->st_ino && st.st_dev == old->st_dev &&
                st.st_size == old->st_size && st.st_mtim.tv_sec == old->st_mtim.tv_sec &&
                st.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
    return store->base == STORE_NOTHING || same ? 0 : -EBUSY;
}

/* Exchanges the file with the old one, which is called temp then and can be brought back. */
static int publish_over(struct store *store, enum published *ret_published) {
    int result = check_target(store->folder, store->name);
    if (result == 0)
        return -ENOENT; /* gone meanwhile */
    if (result == 1)
        result = store->unnamed ? link_temp(store) : 0;
    if (result == 0)
        result = swap(store);
    if (result == 0) {
        result = check_swapped(store);
        if (result == 0)
            *ret_published = SWAPPED;
        else
            swap_back(store);
        return result;
    }
    if (result != -EINVAL && result != -ENOSYS)
        return result;
    if (renameat(store->folder, store->temp, store->folder, store->name) < 0)
        return -errno;
    *ret_published = RENAMED_OVER;
    return 0;
}

/* Takes the name back, unless another session has replaced our file since. After RENAMED_OVER the
 * old file is gone: then the new one stays. */
static void unpublish(const struct store *store, enum published how) {
    if (!is_ours(store, store->name))
        return;
    if (how == SWAPPED)
        swap_back(store);
    else if (how == ADDED)
        (void)unlinkat(store->folder, store->name, 0);
}

static int publish(struct store *store, enum published *ret_published) {
    char wish[sizeof(store->name)];
    memcpy(wish, store->name, sizeof(wish));
    for (int i = 0; i < PUBLISH_TRIES; i++) {
        int result = publish_new(store);
        if (result == 0)
            *ret_published = ADDED;
        if (result != -EEXIST)
            return result;
        if (store->unique)
            result = choose_name(store, wish);
        else if (store->may_replace)
            result = publish_over(store, ret_published);
        else
            return -EEXIST;
        if (*ret_published != NOT_PUBLISHED || (result < 0 && result != -ENOENT))
            return result;
    }
    return -EEXIST;
}

int store_sync(struct store *store) {
    int result;
    do
        result = fsync(store->fd) < 0 ? -errno : 0;
    while (result == -EINTR);
    return result < 0 ? result : close_checked(store);
}

int store_publish(struct store *store) {
    enum published published = NOT_PUBLISHED;
    int result = publish(store, &published);
    if (published == ADDED || published == RENAMED_OVER)
        store->temp[0] = '\0'; /* no file is called so any more */
    if (result == 0)
        result = path_sync_folder(store->folder, store->fd);
    if (result < 0)
        unpublish(store, published);
    finish(store);
    return result;
}
