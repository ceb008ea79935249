#include "store/reserved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700 };

int reserved_name(char ret_name[RESERVED_NAME_SIZE]) {
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    (void)snprintf(ret_name, RESERVED_NAME_SIZE, PATH_RESERVED_PREFIX "%016llx",
                   (unsigned long long)random);
    return 0;
}

/* Something of another user's in place of the reserved folder is not ours. */
static int open_error(void) {
    bool not_ours = errno == EACCES || errno == ENOTDIR || errno == ELOOP;
    return not_ours ? -EPERM : -errno;
}

/* Makes a folder, if it is missing. Clients can set a umask that removes our own permissions. */
static int make_folder(int at, const char *name) {
    struct stat st;
    if (mkdirat(at, name, FOLDER_MODE) < 0)
        return errno == EEXIST ? 0 : -errno;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    bool usable = (st.st_mode & FOLDER_MODE) == FOLDER_MODE; /* else watchers would see a change */
    return usable || fchmodat(at, name, FOLDER_MODE, 0) == 0 ? 0 : -errno;
}

int reserved_open_as(int folder, const char *name, bool create) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(folder, name, flags);
    if (fd < 0 && errno == ENOENT && create) {
        int result = make_folder(folder, name);
        if (result < 0)
            return result;
        fd = openat(folder, name, flags);
    }
    if (fd < 0)
        return open_error();
    struct stat st;
    int result = fstat(fd, &st) < 0 ? -errno : 0;
    if (result == 0 && st.st_uid == geteuid())
        return fd;
    (void)close(fd); /* its owner could replace our files */
    return result < 0 ? result : -EPERM;
}

int reserved_open(int folder, bool create) {
    return reserved_open_as(folder, RESERVED_FOLDER, create);
}

/* Makes a folder, if it is missing, and opens it. */
static int enter(int at, const char *name) {
    int result = make_folder(at, name);
    if (result < 0)
        return result;
    int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int reserved_enter(const struct path_root *root, const char *path) {
    char parts[PATH_SIZE];
    (void)snprintf(parts, sizeof(parts), "%s", path + 1);
    int at = reserved_open(root->fd, true);
    char *rest = parts, *part;
    while (at >= 0 && (part = strsep(&rest, "/"))) {
        int next = enter(at, part);
        (void)close(at);
        at = next;
    }
    return at;
}
