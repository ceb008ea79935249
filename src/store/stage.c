#include "store/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/store.h"
#include "store/workplace.h"

enum { TEMP_TRIES = 16 };

static int open_temp(struct store *store, int access) {
    for (int i = 0; i < TEMP_TRIES; i++) {
        int result = reserved_name(store->temp);
        if (result < 0)
            break;
        store->fd = openat(store->work, store->temp,
                           access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (store->fd >= 0)
            return 0;
        if (errno != EEXIST)
            break;
    }
    int error = -errno;
    store->temp[0] = '\0';
    return error;
}

int stage_open(struct store *store, bool readable) {
    int access = readable ? O_RDWR : O_WRONLY;
    if (store->work < 0)
        store->work = workplace_open(store->request->partial.root, store->folder);
    store->fd = openat(store->work, ".", O_TMPFILE | access | O_CLOEXEC, 0666);
    store->unnamed = store->fd >= 0;
    if (store->unnamed)
        return 0;
    /* EOPNOTSUPP: this file system has no unnamed files; the others: nor has this kernel */
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)
        return open_temp(store, access);
    return -errno;
}

off_t stage_end(const struct store *store) {
    return (off_t)(store->kept + store->written);
}

int stage_cut(const struct store *store, off_t size) {
    return ftruncate(store->fd, size) < 0 ? -errno : 0;
}

int stage_sync(const struct store *store) {
    return store->request->no_sync ? 0 : path_sync(store->fd);
}

int stage_close(struct store *store) {
    char self[64];
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", store->fd);
    int keep = open(self, O_PATH | O_CLOEXEC);
    if (keep < 0)
        keep = fcntl(store->fd, F_DUPFD_CLOEXEC, 0);
    if (keep < 0)
        return -errno;
    int result = close(store->fd) < 0 ? -errno : 0;
    store->fd = keep;
    return result == -EINTR ? 0 : result; /* Linux has closed it; fsync has reported errors */
}

void stage_drop(struct store *store) {
    if (store->fd >= 0)
        (void)close(store->fd);
    if (store->temp[0])
        (void)unlinkat(store->work, store->temp, 0);
    store->fd = -1;
    store->temp[0] = '\0';
    store->unnamed = false;
}
