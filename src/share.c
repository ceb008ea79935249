#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unfinished.h"

#define FOLDER "/" PATH_RESERVED_PREFIX "shared/"

enum { STRINGS = 3 };

/* A change as it is in the file; the strings follow. */
struct record {
    uint32_t kind;
    uint32_t size[STRINGS]; /* of path, to and real, each with its NUL; 0: NULL */
    struct path_id id;
};

/* Locks all of the file, for this open of it alone (F_WRLCK) or beside others (F_RDLCK). */
static int lock(int fd, short type) {
    struct flock all = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &all) < 0 ? -errno : 0;
}

void share_init(struct share *share) {
    *share = (struct share){.folder = -1, .fd = -1};
}

static void close_share(struct share *share) {
    if (share->fd >= 0)
        (void)close(share->fd);
    if (share->folder >= 0)
        (void)close(share->folder);
    share_init(share);
}

/* Whoever is alone begins anew; then, or else, others may come. */
static int settle(const struct share *share) {
    if (lock(share->fd, F_WRLCK) == 0 && ftruncate(share->fd, 0) < 0)
        return -errno;
    return lock(share->fd, F_RDLCK);
}

int share_join(struct share *share, const struct path_root *root, const char *owner,
               const char *host) {
    const int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    char path[PATH_SIZE];
    share_init(share);
    (void)snprintf(path, sizeof(path), FOLDER "%s", owner);
    (void)snprintf(share->host, sizeof(share->host), "%s", host);
    share->folder = unfinished_enter(root, path);
    if (share->folder < 0)
        return share->folder;
    share->fd = openat(share->folder, share->host, flags, 0600);
    int result = share->fd < 0 ? -errno : settle(share);
    if (result < 0)
        close_share(share);
    return result;
}

static int apply(struct own *own, const struct share_change *change) {
    switch (change->kind) {
    case SHARE_REMEMBER:
        return own_remember(own, change->path, change->real, &change->id);
    case SHARE_MOVE:
        return own_move(own, change->path, change->to, change->real);
    default:
        own_forget(own, change->path);
        return 0;
    }
}

/* Makes all changes in the file, whoever wrote them, in the order that they have there. */
int share_change(struct share *share, struct own *own, const struct share_change *change) {
    if (share->fd < 0)
        return apply(own, change);
    const char *strings[STRINGS] = {change->path, change->to, change->real};
    struct record record = {.kind = change->kind, .id = change->id};
    struct iovec parts[1 + STRINGS] = {{.iov_base = &record, .iov_len = sizeof(record)}};
    size_t whole = sizeof(record);
    for (size_t i = 0; i < STRINGS; i++) {
        record.size[i] = strings[i] ? (uint32_t)strlen(strings[i]) + 1 : 0;
        parts[1 + i] = (struct iovec){.iov_base = (char *)strings[i], .iov_len = record.size[i]};
        whole += record.size[i];
    }
    ssize_t written = writev(share->fd, parts, 1 + STRINGS);
    if (written == (ssize_t)whole) {
        share_read(share, own);
        return 0;
    }
    int error = written < 0 ? -errno : -ENOSPC;
    close_share(share); /* what the others read from now on is not to be trusted */
    int result = apply(own, change);
    return result < 0 ? result : error;
}

/* Makes the change of a record, whose strings are in `strings`. */
static void apply_record(struct own *own, const struct record *record, char *strings) {
    char *string[STRINGS], *at = strings;
    for (size_t i = 0; i < STRINGS; i++) {
        string[i] = record->size[i] ? at : NULL;
        at += record->size[i];
        if (string[i])
            at[-1] = '\0';
    }
    const struct share_change change = {.kind = (enum share_kind)record->kind,
                                        .path = string[0],
                                        .to = string[1],
                                        .real = string[2],
                                        .id = record->id};
    if (change.path && (change.to || change.kind != SHARE_MOVE))
        (void)apply(own, &change);
}

/* Reads one record and makes its change. Returns false when there is no whole one. */
static bool read_record(struct share *share, struct own *own) {
    struct record record;
    char strings[STRINGS * PATH_SIZE];
    ssize_t head = pread(share->fd, &record, sizeof(record), share->read);
    if (head != (ssize_t)sizeof(record))
        return false;
    size_t size = 0;
    for (size_t i = 0; i < STRINGS; i++) {
        if (record.size[i] > PATH_SIZE)
            return false;
        size += record.size[i];
    }
    if (pread(share->fd, strings, size, share->read + head) != (ssize_t)size)
        return false;
    share->read += head + (ssize_t)size;
    apply_record(own, &record, strings);
    return true;
}

void share_read(struct share *share, struct own *own) {
    while (share->fd >= 0 && read_record(share, own)) {
    }
}

void share_leave(struct share *share) {
    if (share->fd >= 0 && lock(share->fd, F_WRLCK) == 0)
        (void)unlinkat(share->folder, share->host, 0);
    close_share(share);
}
