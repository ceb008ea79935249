#include "store/daily.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/reserved.h"

enum { DAY = 24 * 60 * 60 /* s */ };

/* A file that is empty has been taken by nobody. */
static int take(int file) {
    struct stat st;
    if (flock(file, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? 0 : -errno;
    if (fstat(file, &st) < 0)
        return -errno;
    time_t now = time(NULL);
    bool is_fresh = st.st_size > 0 && st.st_mtime <= now && now - st.st_mtime < DAY;
    if (is_fresh)
        return 0;
    return pwrite(file, "\n", 1, 0) == 1 ? 1 : -EIO;
}

int daily_take(const struct path_root *root, const char *name) {
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int folder = reserved_open(root->fd, true);
    if (folder < 0)
        return folder;
    int file = openat(folder, name, flags, 0600), result = file < 0 ? -errno : take(file);
    (void)close(folder);
    if (file >= 0)
        (void)close(file);
    return result;
}
