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

int unfinished_open(const struct path_root *root, bool create) {
    static const char path[] = "/" UNFINISHED_FOLDER;
    int fd = path_open(root, path, O_PATH | O_DIRECTORY, 0);
    if (fd == -ENOENT && create) {
        if (mkdirat(root->fd, UNFINISHED_FOLDER, FOLDER_MODE) < 0 && errno != EEXIST)
            return -errno;
        fd = path_open(root, path, O_PATH | O_DIRECTORY, 0);
    }
    struct stat st;
    if (fd < 0 || (fstat(fd, &st) == 0 && st.st_uid == geteuid()))
        return fd;
    (void)close(fd); /* whoever made it could put files of his own in the place of ours */
    return -EPERM;
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
        result = unfinished.fd = unfinished_open(partial->root, false);
    if (result < 0)
        return result;
    result = path_open(&unfinished, path, flags | O_DIRECTORY, 0);
    (void)close(unfinished.fd);
    return result;
}

static int stat_young(const struct partial *partial, int folder, const char *name,
                      struct stat *ret_st) {
    if (fstatat(folder, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    bool old = time(NULL) - ret_st->st_mtime > (time_t)partial->hours * HOUR;
    return S_ISREG(ret_st->st_mode) && !old ? 0 : -ENOENT;
}

int partial_stat(const struct partial *partial, struct stat *ret_st) {
    int folder = open_place(partial, O_PATH);
    if (folder < 0)
        return folder;
    int result = stat_young(partial, folder, UNFINISHED_PARTIAL, ret_st);
    (void)close(folder);
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
    if (mkdirat(at, name, FOLDER_MODE) < 0 && errno != EEXIST)
        return -errno;
    int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Makes the folder that the partial will be in. Returns a descriptor or a negative errno. */
static int make_place(const struct partial *partial) {
    char path[PATH_SIZE];
    int result = place(partial, path);
    int at = result < 0 ? result : unfinished_open(partial->root, true);
    char *rest = path + 1, *part;
    while (at >= 0 && (part = strsep(&rest, "/"))) {
        int next = enter(at, part);
        (void)close(at);
        at = next;
    }
    return at;
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
    int fd = openat(dirfd(folder), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = stat_young(partial, fd, UNFINISHED_PARTIAL, ret_st);
    (void)close(fd);
    return result;
}
