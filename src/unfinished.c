#include "unfinished.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, HOUR = 60 * 60, KEEP_TRIES = 8 };

int unfinished_name(char ret_name[UNFINISHED_NAME_SIZE]) {
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    (void)snprintf(ret_name, UNFINISHED_NAME_SIZE, PATH_RESERVED_PREFIX "%016llx",
                   (unsigned long long)random);
    return 0;
}

/* What somebody else has put in the place of the reserved folder is not ours. */
static int open_error(void) {
    bool not_ours = errno == EACCES || errno == ENOTDIR || errno == ELOOP;
    return not_ours ? -EPERM : -errno;
}

/* Makes a folder, if it is not there. Clients can set a umask that takes our own bits away. */
static int make_folder(int at, const char *name) {
    struct stat st;
    if (mkdirat(at, name, FOLDER_MODE) < 0)
        return errno == EEXIST ? 0 : -errno;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    bool usable = (st.st_mode & FOLDER_MODE) == FOLDER_MODE; /* else watchers see that it changes */
    return usable || fchmodat(at, name, FOLDER_MODE, 0) == 0 ? 0 : -errno;
}

int unfinished_open(int folder, bool create) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder, UNFINISHED_FOLDER, flags);
    if (fd < 0 && errno == ENOENT && create) {
        int result = make_folder(folder, UNFINISHED_FOLDER);
        if (result < 0)
            return result;
        fd = openat(folder, UNFINISHED_FOLDER, flags);
    }
    if (fd < 0)
        return open_error();
    struct stat st;
    int result = fstat(fd, &st) < 0 ? -errno : 0;
    if (result == 0 && st.st_uid == geteuid())
        return fd;
    (void)close(fd); /* whoever made it could put files of his own in the place of ours */
    return result < 0 ? result : -EPERM;
}

/* The folder of the partial, beneath the reserved folder. */
static int place(const struct partial *partial, char ret_path[PATH_SIZE]) {
    const char *path = partial->path[1] ? partial->path : "";
    return snprintf(ret_path, PATH_SIZE, "/%s%s", partial->owner, path) < PATH_SIZE ? 0
                                                                                    : -ENAMETOOLONG;
}

/* Opens the folder that the partial is in. flags as for open(2). */
static int open_place(const struct partial *partial, int flags) {
    char path[PATH_SIZE];
    int result = partial->hours && place(partial, path) == 0 ? 0 : -ENOENT;
    struct path_root unfinished = {.walk = partial->root->walk};
    if (result == 0)
        result = unfinished.fd = unfinished_open(partial->root->fd, false);
    if (result < 0) /* what is somebody else's holds no partials of ours */
        return result == -EPERM ? -ENOENT : result;
    result = path_open(&unfinished, path, flags | O_DIRECTORY, 0);
    (void)close(unfinished.fd);
    return result;
}

static int stat_young(const struct partial *partial, int folder, const char *name,
                      struct stat *ret_st) {
    if (fstatat(folder, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    bool old = time(NULL) - ret_st->st_mtime > (time_t)partial->hours * HOUR;
    bool ours = S_ISREG(ret_st->st_mode) && ret_st->st_uid == geteuid() && ret_st->st_nlink == 1;
    return ours && !old ? 0 : -ENOENT;
}

int partial_stat(const struct partial *partial, struct stat *ret_st) {
    int folder = open_place(partial, O_PATH);
    if (folder < 0)
        return folder;
    int result = stat_young(partial, folder, UNFINISHED_PARTIAL, ret_st);
    (void)close(folder);
    return result;
}

int partial_bytes(const struct partial *partial, uint64_t *ret_bytes) {
    struct stat st = {0};
    int folder = open_place(partial, O_PATH), result = 0;
    *ret_bytes = 0;
    if (folder < 0)
        return folder == -ENOENT || folder == -ENOTDIR ? 0 : folder;
    if (fstatat(folder, UNFINISHED_PARTIAL, &st, AT_SYMLINK_NOFOLLOW) < 0)
        result = errno == ENOENT ? 0 : -errno;
    (void)close(folder);
    *ret_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return result;
}

int partial_take(const struct partial *partial, int unfinished, const char *name) {
    struct stat st;
    int folder = open_place(partial, O_PATH);
    if (folder < 0)
        return folder;
    int result = stat_young(partial, folder, UNFINISHED_PARTIAL, &st);
    if (result == 0 && renameat(folder, UNFINISHED_PARTIAL, unfinished, name) < 0)
        result = -errno;
    (void)close(folder);
    return result;
}

/* Makes a folder, if it is not there, and goes into it. */
static int enter(int at, const char *name) {
    int result = make_folder(at, name);
    if (result < 0)
        return result;
    int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int unfinished_enter(const struct path_root *root, const char *path) {
    char parts[PATH_SIZE];
    (void)snprintf(parts, sizeof(parts), "%s", path + 1);
    int at = unfinished_open(root->fd, true);
    char *rest = parts, *part;
    while (at >= 0 && (part = strsep(&rest, "/"))) {
        int next = enter(at, part);
        (void)close(at);
        at = next;
    }
    return at;
}

/* Makes the folder that the partial will be in. Returns a descriptor or a negative errno. */
static int make_place(const struct partial *partial) {
    char path[PATH_SIZE];
    int result = place(partial, path);
    return result < 0 ? result : unfinished_enter(partial->root, path);
}

int partial_move_folder(const struct partial *from, const char *to) {
    char above[PATH_SIZE], path[PATH_SIZE];
    struct partial parent = *from;
    size_t length = (size_t)(strrchr(to, '/') - to);
    memcpy(above, to, length);
    memcpy(above + length, length ? "" : "/", length ? 1 : 2);
    parent.path = above;
    int result = from->hours && place(from, path) == 0 ? 0 : -ENOENT;
    int unfinished = result < 0 ? result : unfinished_open(from->root->fd, false);
    if (unfinished < 0)
        return unfinished;
    int folder = faccessat(unfinished, path + 1, F_OK, AT_SYMLINK_NOFOLLOW) < 0
                     ? -errno
                     : make_place(&parent);
    result = folder < 0 ? folder : 0;
    if (result == 0 && renameat(unfinished, path + 1, folder, to + length + 1) < 0)
        result = -errno;
    if (folder >= 0)
        (void)close(folder);
    (void)close(unfinished);
    return result;
}

int partial_keep(const struct partial *partial, int from, const char *name) {
    int result = -ENOENT; /* somebody has removed the folder meanwhile, see partial_remove */
    for (int i = 0; i < KEEP_TRIES && result == -ENOENT; i++) {
        int folder = make_place(partial);
        if (folder < 0)
            return folder;
        result = renameat(from, name, folder, UNFINISHED_PARTIAL) < 0 ? -errno : 0;
        (void)close(folder);
    }
    return result;
}

int partial_mark(const struct partial *partial) {
    char name[UNFINISHED_NAME_SIZE];
    int unfinished = unfinished_open(partial->root->fd, true);
    int result = unfinished < 0 ? unfinished : unfinished_name(name);
    int fd = -1;
    if (result == 0)
        fd = openat(unfinished, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (result == 0 && fd < 0)
        result = -errno;
    if (result == 0) {
        (void)close(fd);
        result = partial_keep(partial, unfinished, name);
        if (result < 0)
            (void)unlinkat(unfinished, name, 0);
    }
    if (unfinished >= 0)
        (void)close(unfinished);
    return result;
}

int partial_remove(const struct partial *partial) {
    int folder = open_place(partial, O_PATH);
    if (folder < 0)
        return folder;
    int result = unlinkat(folder, UNFINISHED_PARTIAL, 0) < 0 ? -errno : 0;
    int above = openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)close(folder);
    if (above >= 0) { /* its folder goes, too, unless partials of files in that are there */
        (void)unlinkat(above, strrchr(partial->path, '/') + 1, AT_REMOVEDIR);
        (void)close(above);
    }
    return result;
}

DIR *partial_folder(const struct partial *partial) {
    int fd = open_place(partial, O_RDONLY);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder)
        (void)close(fd);
    return folder;
}

int partial_stat_in(const struct partial *partial, DIR *folder, const char *name,
                    struct stat *ret_st) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -ENOENT;
    int fd = openat(dirfd(folder), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = stat_young(partial, fd, UNFINISHED_PARTIAL, ret_st);
    (void)close(fd);
    return result;
}
