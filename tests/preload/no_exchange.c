/*
 * For LD_PRELOAD: a file system without links whose driver takes an exchange of two names for a
 * plain rename, as some FUSE drivers do. With EXCHANGE=eio it does that and fails.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    const char *how = getenv("EXCHANGE");
    int exchange = flags == RENAME_EXCHANGE;
    long result = syscall(SYS_renameat2, from, old, to, new, exchange ? 0 : flags);
    if (exchange && result == 0 && how && strcmp(how, "eio") == 0) {
        errno = EIO;
        return -1;
    }
    return (int)result;
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
    long result = flags ? syscall(SYS_linkat, from, old, to, new, flags) : -1; /* an unnamed file */
    if (!flags)
        errno = EPERM;
    return (int)result;
}
