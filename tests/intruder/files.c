/*
 * Attempts on files. An argument is a path, or two with a blank between them.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "intruder.h"

struct two {
    char first[PATH_MAX], second[PATH_MAX];
};

static struct two split(const char *argument) {
    struct two two = {.first = ""};
    size_t n = strcspn(argument, " ");
    (void)snprintf(two.first, sizeof(two.first), "%.*s", (int)n, argument);
    (void)snprintf(two.second, sizeof(two.second), "%s", argument + n + (argument[n] == ' '));
    return two;
}

/* Reads a byte of it, or writes one behind what is there. */
static int use(int fd, int flags) {
    char byte = '!';
    if (fd < 0)
        return -errno;
    ssize_t n = (flags & O_ACCMODE) == O_RDONLY ? read(fd, &byte, 1) : write(fd, &byte, 1);
    int result = n < 0 ? -errno : n == 0 ? -ENODATA : 0;
    (void)close(fd);
    return result;
}

static int try_read(struct session *session, const char *path) {
    (void)session;
    return use(openat(AT_FDCWD, path, O_RDONLY), O_RDONLY);
}

static int try_read_openat2(struct session *session, const char *path) {
    struct open_how how = {.flags = O_RDONLY};
    (void)session;
    return use((int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)), O_RDONLY);
}

static int try_read_open(struct session *session, const char *path) {
    (void)session;
#ifdef SYS_open
    return use((int)syscall(SYS_open, path, O_RDONLY), O_RDONLY);
#else
    (void)path;
    return -ENOSYS;
#endif
}

/* FOLDER NAME: up from that folder, and down to what lies beside it */
static int try_read_up(struct session *session, const char *argument) {
    struct two two = split(argument);
    int folder = openat(AT_FDCWD, two.first, O_PATH | O_DIRECTORY);
    int above = folder < 0 ? -1 : openat(folder, "..", O_PATH | O_DIRECTORY);
    (void)session;
    return above < 0 ? -errno : use(openat(above, two.second, O_RDONLY), O_RDONLY);
}

/* What can be told of a file by a number, whatever folder it is in */
static int try_read_handle(struct session *session, const char *path) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } file = {.handle.handle_bytes = MAX_HANDLE_SZ};
    int mount;
    (void)session;
    if (name_to_handle_at(AT_FDCWD, path, &file.handle, &mount, 0) < 0)
        return -errno;
    int folder = openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY);
    return use(open_by_handle_at(folder, &file.handle, O_RDONLY), O_RDONLY);
}

static int try_list(struct session *session, const char *path) {
    char names[1024];
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
    (void)session;
    int result = fd < 0 ? -errno : TRY(syscall(SYS_getdents64, fd, names, sizeof(names)));
    if (fd >= 0)
        (void)close(fd);
    return result;
}

static int try_write(struct session *session, const char *path) {
    (void)session;
    return use(openat(AT_FDCWD, path, O_WRONLY | O_APPEND), O_WRONLY);
}

static int try_write_both(struct session *session, const char *path) {
    (void)session;
    return TRY(openat(AT_FDCWD, path, O_RDWR));
}

static int try_create(struct session *session, const char *path) {
    (void)session;
    return use(openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600), O_WRONLY);
}

/* FOLDER NAME: without a name, and then with one */
static int try_create_unnamed(struct session *session, const char *argument) {
    struct two two = split(argument);
    char own[64];
    int fd = openat(AT_FDCWD, two.first, O_WRONLY | O_TMPFILE, 0600);
    (void)session;
    if (fd < 0)
        return -errno;
    (void)snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    return TRY(linkat(AT_FDCWD, own, AT_FDCWD, two.second, AT_SYMLINK_FOLLOW));
}

static int try_empty(struct session *session, const char *path) {
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_TRUNC);
    (void)session;
    return TRY(fd);
}

/* Standard error, where it is a file */
static int try_empty_log(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return TRY(ftruncate(STDERR_FILENO, 0));
}

static int try_truncate(struct session *session, const char *path) {
    (void)session;
    return TRY(truncate(path, 0));
}

static int try_mkdir(struct session *session, const char *path) {
    (void)session;
    return TRY(mkdirat(AT_FDCWD, path, 0700));
}

static int try_rmdir(struct session *session, const char *path) {
    (void)session;
    return TRY(unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

static int try_unlink(struct session *session, const char *path) {
    (void)session;
    return TRY(unlinkat(AT_FDCWD, path, 0));
}

static int try_rename(struct session *session, const char *argument) {
    struct two two = split(argument);
    (void)session;
    return TRY(renameat(AT_FDCWD, two.first, AT_FDCWD, two.second));
}

static int try_exchange(struct session *session, const char *argument) {
    struct two two = split(argument);
    (void)session;
    return TRY(renameat2(AT_FDCWD, two.first, AT_FDCWD, two.second, RENAME_EXCHANGE));
}

static int try_link(struct session *session, const char *argument) {
    struct two two = split(argument);
    (void)session;
    return TRY(linkat(AT_FDCWD, two.first, AT_FDCWD, two.second, 0));
}

static int try_symlink(struct session *session, const char *argument) {
    struct two two = split(argument);
    (void)session;
    return TRY(symlinkat(two.first, AT_FDCWD, two.second));
}

static int try_fifo(struct session *session, const char *path) {
    (void)session;
    return TRY(mknodat(AT_FDCWD, path, S_IFIFO | 0600, 0));
}

static int try_device(struct session *session, const char *path) {
    (void)session;
    return TRY(mknodat(AT_FDCWD, path, S_IFCHR | 0600, makedev(1, 3)));
}

static int try_chmod(struct session *session, const char *path) {
    (void)session;
    return TRY(fchmodat(AT_FDCWD, path, 0777, 0));
}

static int try_set_user(struct session *session, const char *path) {
    int fd = openat(AT_FDCWD, path, O_WRONLY);
    (void)session;
    return fd < 0 ? -errno : TRY(fchmod(fd, 04755));
}

static int try_utime(struct session *session, const char *path) {
    (void)session;
    return TRY(utimensat(AT_FDCWD, path, NULL, 0));
}

static int try_chown(struct session *session, const char *path) {
    (void)session;
    return TRY(fchownat(AT_FDCWD, path, getuid(), getgid(), 0));
}

static int try_setxattr(struct session *session, const char *path) {
    (void)session;
    return TRY(setxattr(path, "user.intruder", "!", 1, 0));
}

static int try_stat(struct session *session, const char *path) {
    struct stat st;
    (void)session;
    return TRY(fstatat(AT_FDCWD, path, &st, 0));
}

static int try_chdir(struct session *session, const char *path) {
    (void)session;
    return TRY(chdir(path));
}

static int try_chroot(struct session *session, const char *path) {
    (void)session;
    return TRY(chroot(path));
}

static int try_readlink(struct session *session, const char *path) {
    char target[PATH_MAX];
    (void)session;
    return TRY(readlinkat(AT_FDCWD, path, target, sizeof(target)));
}

const struct attempt file_attempts[] = {{"read", try_read},
                                        {"read-openat2", try_read_openat2},
                                        {"read-open", try_read_open},
                                        {"read-up", try_read_up},
                                        {"read-handle", try_read_handle},
                                        {"list", try_list},
                                        {"write", try_write},
                                        {"write-both", try_write_both},
                                        {"create", try_create},
                                        {"create-unnamed", try_create_unnamed},
                                        {"empty", try_empty},
                                        {"empty-log", try_empty_log},
                                        {"truncate", try_truncate},
                                        {"mkdir", try_mkdir},
                                        {"rmdir", try_rmdir},
                                        {"unlink", try_unlink},
                                        {"rename", try_rename},
                                        {"exchange", try_exchange},
                                        {"link", try_link},
                                        {"symlink", try_symlink},
                                        {"fifo", try_fifo},
                                        {"device", try_device},
                                        {"chmod", try_chmod},
                                        {"set-user", try_set_user},
                                        {"utime", try_utime},
                                        {"chown", try_chown},
                                        {"setxattr", try_setxattr},
                                        {"stat", try_stat},
                                        {"chdir", try_chdir},
                                        {"chroot", try_chroot},
                                        {"readlink", try_readlink},
                                        {NULL, NULL}};
