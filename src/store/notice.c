#include "store/notice.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "base/scratch.h"
#include "store/order.h"
#include "store/reserved.h"
#include "store/turn.h"

enum { FILE_MODE = 0600, TRIES = 16 };

/* ---------------------------------------------------------------- the folders */

/* Does a sync of the folder for new ones cover the changes of names before it? */
static void look_at_order(struct notices *notices) {
    struct stat st;
    bool known = fstat(notices->fresh, &st) == 0;
    notices->in_order = known && order_is_kept(notices->fresh);
    notices->device = known ? st.st_dev : 0;
}

int notices_open(struct notices *ret_notices, int root, bool no_sync) {
    *ret_notices = (struct notices){.pending = -1, .fresh = -1, .no_sync = no_sync};
    int folder = reserved_open_as(root, NOTICE_FOLDER, true);
    if (folder < 0)
        return folder;
    int pending = reserved_open_as(folder, NOTICE_PENDING, true);
    int fresh = pending < 0 ? pending : reserved_open_as(folder, NOTICE_NEW, true);
    (void)close(folder);
    if (fresh < 0) {
        if (pending >= 0)
            (void)close(pending);
        return fresh;
    }
    ret_notices->pending = pending;
    ret_notices->fresh = fresh;
    look_at_order(ret_notices);
    return 0;
}

void notices_close(struct notices *notices) {
    if (notices->pending >= 0) {
        (void)close(notices->pending);
        (void)close(notices->fresh);
    }
    notices->pending = notices->fresh = -1;
}

/* ---------------------------------------------------------------- writing */

static void name_file(const char *id, char ret_name[NOTICE_NAME_SIZE]) {
    (void)snprintf(ret_name, NOTICE_NAME_SIZE, "%s.json", id);
}

static int choose_id(char ret_id[NOTICE_ID_SIZE]) {
    uint64_t random;
    struct timespec now;
    struct tm utc;
    char date[sizeof("20000101T000000")];
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(date, sizeof(date), "%Y%m%dT%H%M%S", &utc);
    (void)snprintf(ret_id, NOTICE_ID_SIZE, "%s.%06uZ-%016llx", date,
                   (unsigned)(now.tv_nsec / 1000) % 1000000, (unsigned long long)random);
    return 0;
}

/* Locks a new file. Returns 0, -ESTALE if somebody has taken it for that of a dead session, or
 * another negative errno. Clients can set a umask that removes our own permissions. */
static int claim(int fd) {
    struct stat st;
    int result = turn_lock_file(fd, F_WRLCK, 0, -1);
    if (result == -TURN_BUSY)
        return -ESTALE;
    if (result == 0 && fstat(fd, &st) < 0)
        result = -errno;
    if (result == 0 && st.st_nlink == 0)
        return -ESTALE;
    if (result == 0 && (st.st_mode & FILE_MODE) != FILE_MODE && fchmod(fd, FILE_MODE) < 0)
        result = -errno;
    return result;
}

/* Makes its file, and locks it. */
static int make(struct notice *notice) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int result = -ESTALE;
    for (int i = 0; i < TRIES && result == -ESTALE; i++) {
        char file[NOTICE_NAME_SIZE];
        result = choose_id(notice->id);
        if (result < 0)
            return result;
        name_file(notice->id, file);
        notice->fd = openat(notice->notices->pending, file, flags, FILE_MODE);
        if (notice->fd < 0)
            return -errno;
        result = claim(notice->fd);
        if (result < 0)
            notice_drop(notice);
    }
    return result;
}

static int put(const struct notice *notice, const char *text, size_t n) {
    ssize_t done;
    do
        done = write(notice->fd, text, n);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return -errno;
    return (size_t)done == n ? 0 : -ENOSPC;
}

void notice_init(struct notice *notice, const struct notices *notices, notice_composer *compose,
                 void *context) {
    *notice = (struct notice){.notices = notices, .compose = compose, .context = context, .fd = -1};
}

int notice_write(struct notice *notice, const char *name, ino_t inode, uint64_t size) {
    notice_drop(notice);
    if (notice->notices->pending < 0)
        return -ENOENT;
    int result = make(notice);
    if (result < 0)
        return result;
    const struct notice_facts facts = {notice->id, name, inode, size};
    char *text = scratch_take(NOTICE_LIMIT);
    result = put(notice, text, notice->compose(notice->context, &facts, text));
    scratch_give(text);
    (void)snprintf(notice->name, sizeof(notice->name), "%s", name);
    notice->inode = inode;
    notice->size = size;
    if (result < 0)
        notice_drop(notice);
    return result;
}

int notice_sync(const struct notice *notice) {
    return notice->notices->no_sync ? 0 : path_sync(notice->fd);
}

int notice_correct(struct notice *notice, const char *name, ino_t inode, uint64_t size) {
    bool is_right =
        !notice || notice->fd < 0 ||
        (notice->inode == inode && notice->size == size && strcmp(notice->name, name) == 0);
    if (is_right)
        return 0;
    int result = notice_write(notice, name, inode, size);
    return result < 0 ? result : notice_sync(notice);
}

/* ---------------------------------------------------------------- showing */

int notice_show(struct notice *notice) {
    char file[NOTICE_NAME_SIZE];
    if (!notice || notice->fd < 0)
        return 0;
    name_file(notice->id, file);
    if (renameat(notice->notices->pending, file, notice->notices->fresh, file) < 0)
        return -errno;
    notice->shown = true;
    return 0;
}

bool notices_reach(const struct notices *notices, int folder) {
    struct stat st;
    return notices->in_order && fstat(folder, &st) == 0 && st.st_dev == notices->device;
}

int notices_sync(const struct notices *notices, int folder, bool *ret_also) {
    *ret_also = notices_reach(notices, folder);
    return notices->no_sync ? 0 : path_sync_folder(notices->fresh, notices->pending);
}

void notice_drop(struct notice *notice) {
    char file[NOTICE_NAME_SIZE];
    if (!notice || notice->fd < 0)
        return;
    name_file(notice->id, file);
    (void)unlinkat(notice->shown ? notice->notices->fresh : notice->notices->pending, file, 0);
    notice_end(notice);
}

void notice_end(struct notice *notice) {
    if (!notice || notice->fd < 0)
        return;
    (void)close(notice->fd);
    notice->fd = -1;
    notice->shown = false;
}

/* ---------------------------------------------------------------- after a crash */

bool notice_read(int fd, char text[NOTICE_LIMIT]) {
    ssize_t n = read(fd, text, NOTICE_LIMIT - 1);
    text[n > 0 ? n : 0] = '\0';
    return n > 2 && text[n - 1] == '\n' && text[n - 2] == '}' && strlen(text) == (size_t)n;
}

/* One that is locked, and is still pending. Returns 1 if it is shown now, 0, or a negative errno.
 */
static int settle(const struct notices *notices, const char *file, int fd, notice_judge *judge,
                  void *context) {
    char *text = scratch_take(NOTICE_LIMIT);
    bool is_true = notice_read(fd, text) && judge(context, text) == NOTICE_TRUE;
    scratch_give(text);
    if (!is_true)
        return unlinkat(notices->pending, file, 0) < 0 ? -errno : 0;
    int result = notices->no_sync ? 0 : path_sync(fd);
    if (result == 0 && renameat(notices->pending, file, notices->fresh, file) < 0)
        result = -errno;
    return result < 0 ? result : 1;
}

static int recover(const struct notices *notices, const char *file, notice_judge *judge,
                   void *context) {
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(notices->pending, file, flags);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    int result = turn_lock_file(fd, F_WRLCK, 0, -1);
    if (result == 0 && path_is_called(fd, notices->pending, file))
        result = settle(notices, file, fd, judge, context);
    (void)close(fd);
    return result == -TURN_BUSY ? 0 : result; /* its session lives */
}

int notices_recover(const struct notices *notices, notice_judge *judge, void *context) {
    int result = 0, shown = 0;
    DIR *folder =
        path_read_folder(openat(notices->pending, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        int one = recover(notices, entry->d_name, judge, context);
        shown += one > 0;
        result = one < 0 ? one : result;
    }
    (void)closedir(folder);
    if (shown > 0 && !notices->no_sync) {
        int synced = path_sync_folder(notices->fresh, notices->pending);
        result = result < 0 ? result : synced;
    }
    return result;
}
