#include "base/path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The flags of every open. With O_PATH, openat2 refuses the last two; unlike openat(3) it does not
 * add O_LARGEFILE itself. */
static int with_always(int flags) {
    return flags | O_CLOEXEC | O_NOFOLLOW | (flags & O_PATH ? 0 : O_NOCTTY | O_LARGEFILE);
}

static int open_beneath(int root, const char *relative, int flags, mode_t mode) {
    struct open_how how = {
        .flags = (unsigned)with_always(flags),
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root, relative, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

/* The same where openat2 is not available: one folder after the other. Sound because relative has
 * no ".." and no part of it is followed if it is a link. */
static int open_walking(int root, const char *relative, int flags, mode_t mode) {
    char part[NAME_MAX + 1];
    int at = root, result = 0;
    for (;;) {
        size_t length = strcspn(relative, "/");
        bool last = relative[length] == '\0';
        if (length > NAME_MAX) {
            result = -ENAMETOOLONG;
            break;
        }
        memcpy(part, relative, length);
        part[length] = '\0';
        int fd = last ? openat(at, part, with_always(flags), mode)
                      : openat(at, part, with_always(O_PATH | O_DIRECTORY));
        result = fd < 0 ? -errno : fd;
        if (result < 0 || last)
            break;
        if (at != root)
            (void)close(at);
        at = fd;
        relative += length + 1;
    }
    if (at != root)
        (void)close(at);
    return result;
}

int path_root_open(struct path_root *ret_root, const char *folder, bool create) {
    if (create && mkdir(folder, 0777) < 0 && errno != EEXIST)
        return -errno;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) /* a drop box: its owner may write but not read it */
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int probe = open_beneath(fd, ".", O_PATH | O_DIRECTORY, 0);
    bool walk = probe == -ENOSYS || probe == -EPERM;
    if (probe >= 0)
        (void)close(probe);
    if (probe < 0 && !walk) {
        (void)close(fd);
        return probe;
    }
    *ret_root = (struct path_root){.fd = fd, .walk = walk};
    return 0;
}

bool path_is_reserved(const char *part) {
    return strncasecmp(part, PATH_RESERVED_PREFIX, strlen(PATH_RESERVED_PREFIX)) == 0;
}

bool path_is_control(unsigned char byte) {
    return byte < 0x20 || byte == 0x7f;
}

/* All bytes of a word at once: below 0x20 the subtraction borrows from the highest bit; so does 0
 * less 1, which is what the other comparison looks for. */
static bool word_has_control(uint64_t word) {
    const uint64_t ones = UINT64_MAX / UINT8_MAX, high = ones << 7;
    const uint64_t deleted = word ^ ones * 0x7f;
    return (((word - ones * 0x20) & ~word) | ((deleted - ones) & ~deleted)) & high;
}

bool path_has_control(const char *bytes, size_t n) {
    uint64_t word, last = UINT64_MAX; /* without control characters */
    bool found = false;
    for (; n >= sizeof(word); n -= sizeof(word), bytes += sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        found |= word_has_control(word);
    }
    memcpy(&last, bytes, n);
    return found || word_has_control(last);
}

/* Adds one part of a name to the virtual path. */
static int add_part(char path[PATH_SIZE], size_t *length, const char *part, size_t n) {
    if (n == 0 || (n == 1 && part[0] == '.'))
        return 0;
    if (n == 2 && part[0] == '.' && part[1] == '.') {
        if (*length == 0)
            return -EXDEV;
        while (path[--*length] != '/') {
        }
        return 0;
    }
    if (path_is_reserved(part))
        return -PATH_RESERVED;
    if (n > NAME_MAX || *length + n + 2 > PATH_SIZE)
        return -ENAMETOOLONG;
    path[(*length)++] = '/';
    memcpy(path + *length, part, n);
    *length += n;
    return 0;
}

static int add_parts(char path[PATH_SIZE], size_t *length, const char *name) {
    while (*name) {
        size_t n = strcspn(name, "/");
        int result = add_part(path, length, name, n);
        if (result < 0)
            return result;
        name += n + (name[n] == '/');
    }
    return 0;
}

int path_resolve(const char *cwd, const char *name, char ret_path[PATH_SIZE]) {
    if (path_has_control(name, strlen(name)))
        return -EINVAL;
    char path[PATH_SIZE];
    size_t length = 0;
    int result = *name == '/' ? 0 : add_parts(path, &length, cwd);
    if (result == 0)
        result = add_parts(path, &length, name);
    if (result < 0)
        return result;
    if (length == 0)
        path[length++] = '/';
    memcpy(ret_path, path, length);
    ret_path[length] = '\0';
    return 0;
}

int path_open(const struct path_root *root, const char *path, int flags, mode_t mode) {
    const char *relative = path[1] ? path + 1 : ".";
    return root->walk ? open_walking(root->fd, relative, flags, mode)
                      : open_beneath(root->fd, relative, flags, mode);
}

int path_open_parent(const struct path_root *root, const char *path, const char **ret_name) {
    const char *name = strrchr(path, '/') + 1;
    char folder[PATH_SIZE];
    size_t length = (size_t)(name - path);
    memcpy(folder, path, length);
    folder[length > 1 ? length - 1 : length] = '\0';
    *ret_name = name;
    int fd = path_open(root, folder, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -EACCES) /* it may be written but not read */
        fd = path_open(root, folder, O_PATH | O_DIRECTORY, 0);
    return fd;
}

int path_stat(const struct path_root *root, const char *path, struct stat *ret_st) {
    const char *name;
    int parent = path_open_parent(root, path, &name);
    if (parent < 0)
        return parent;
    int result = fstatat(parent, *name ? name : ".", ret_st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    (void)close(parent);
    return result;
}

static int identify(int folder, const char *name, struct path_id *ret_id) {
    const int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    struct statx st;
    if (statx(folder, name, flags, STATX_INO | STATX_BTIME, &st) < 0)
        return -errno;
    *ret_id = (struct path_id){.device = makedev(st.stx_dev_major, st.stx_dev_minor),
                               .inode = st.stx_ino};
    if (st.stx_mask & STATX_BTIME)
        ret_id->born = st.stx_btime.tv_sec * 1000000000LL + st.stx_btime.tv_nsec;
    return 0;
}

int path_identify(const struct path_root *root, const char *path, struct path_id *ret_id) {
    const char *name;
    int parent = path_open_parent(root, path, &name);
    if (parent < 0)
        return parent;
    int result = identify(parent, name, ret_id);
    (void)close(parent);
    return result;
}

int path_identify_open(int fd, struct path_id *ret_id) {
    return identify(fd, "", ret_id);
}

int path_identify_in(int folder, const char *name, struct path_id *ret_id) {
    return identify(folder, name, ret_id);
}

bool path_is_same(const struct path_id *a, const struct path_id *b) {
    return a->device == b->device && a->inode == b->inode && a->born == b->born;
}

bool path_is_called(int fd, int folder, const char *name) {
    struct stat open, there;
    return fstat(fd, &open) == 0 && fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

DIR *path_read_folder(int fd) {
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !folder) {
        int error = errno;
        (void)close(fd);
        errno = error;
    }
    return folder;
}

int path_sync(int fd) {
    int result;
    do
        result = fsync(fd) < 0 ? -errno : 0;
    while (result == -EINTR);
    return result;
}

int path_sync_folder(int folder, int other) {
    int result = path_sync(folder);
    if (result != -EBADF && result != -EINVAL)
        return result;
    if (syncfs(other) == 0)
        return 0;
    if (errno != EBADF)
        return -errno;
    sync();
    return 0;
}
