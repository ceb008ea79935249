#include "store/turn.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/patience.h"
#include "base/sum.h"
#include "store/reserved.h"

#define TURN_FOLDER PATH_RESERVED_PREFIX "turns"
#define TURN_FILE   PATH_RESERVED_PREFIX "turn"
#define MARKS       TURN_FOLDER "/" PATH_RESERVED_PREFIX "marks" /* folders, whose times count */

enum {
    MARK_SIZE = 17,       /* a number in hexadecimal, and a NUL */
    TURN_TIME = 60000,    /* ms to wait for others */
    TURN_TRIES = 8,       /* the file may be removed meanwhile */
    CLOCK_STEP = 50,      /* ms to wait for the file system's next tick */
    TOUCH_AFTER = 60 * 60 /* s after which the file is touched, or it would be removed as old */
};

/* From here on each session that uses the file has locked a byte, chosen at random; those of the
 * names are below. (A shared lock of one byte would need a file that may be read.) */
#define PRESENCE ((off_t)1 << 62)

/* From here on each upload in flight has locked a byte, at random among those of its kind. */
#define FLIGHT       (PRESENCE + ((off_t)1 << 61))
#define FLIGHT_BYTES 256

void turns_init(struct turns *turns, const struct path_root *top, int stop) {
    *turns = (struct turns){.top = top, .stop = stop, .fd = -1};
}

void turn_init(struct turn *turn) {
    *turn = (struct turn){.folders = {-1, -1}};
}

/* ---------------------------------------------------------------- waiting */

static bool is_busy(int error) {
    return error == -EAGAIN || error == -EACCES;
}

/* Tries to lock bytes of a file. Returns 0, -EAGAIN, -EOPNOTSUPP if there are no such locks, or
 * another negative errno. */
static int try_bytes(int fd, short type, off_t start, off_t length) {
    struct flock bytes = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    int result;
    do
        result = fcntl(fd, F_OFD_SETLK, &bytes) < 0 ? -errno : 0;
    while (result == -EINTR);
    if (is_busy(result))
        return -EAGAIN;
    return result == -ENOSYS || result == -EINVAL ? -EOPNOTSUPP : result;
}

static int wait_for_bytes(int fd, short type, off_t start, off_t length, int most, int stop) {
    struct patience patience = patience_begin(most, stop);
    int result;
    while ((result = try_bytes(fd, type, start, length)) == -EAGAIN) {
        result = patience_pause(&patience);
        if (result < 0)
            break;
    }
    return result;
}

int turn_lock_file(int fd, short type, int most, int stop) {
    return wait_for_bytes(fd, type, 0, 0, most, stop);
}

static int wait_for_folder(int fd, int stop) {
    struct patience patience = patience_begin(TURN_TIME, stop);
    int result;
    while ((result = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0) == -EWOULDBLOCK ||
           result == -EINTR) {
        result = patience_pause(&patience);
        if (result < 0)
            break;
    }
    return result;
}

/* ---------------------------------------------------------------- the file */

/* Names that some file system takes for the same have the same sum. */
static uint64_t sum_up(ino_t folder, const char *name) {
    char folded[NAME_MAX + 1];
    size_t n = 0;
    for (; *name && n < NAME_MAX; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte < 0x80 && byte != '.' && byte != ' ')
            folded[n++] = (char)tolower(byte);
    }
    return sum_add(sum_add_number(0, folder), folded, n);
}

/* The byte of a name. Several names may share it: that only costs a wait. */
static off_t byte_of(ino_t folder, const char *name) {
    return (off_t)(sum_up(folder, name) >> 2);
}

uint64_t turn_kind(const char *owner, const char *path) {
    return sum_add_text(sum_add_text(0, owner), path);
}

uint64_t turn_kind_of_name(int folder, const char *name) {
    struct stat st;
    return fstat(folder, &st) < 0 ? 0 : sum_up(st.st_ino, name);
}

/* The first of the bytes for uploads of that kind. */
static off_t flight_of(uint64_t kind) {
    return FLIGHT + (off_t)(kind >> 4 & ~(uint64_t)(FLIGHT_BYTES - 1));
}

/* Puts the bytes of the names into the turn, each once, the lower one first: all sessions lock them
 * in this order. Returns 0 or a negative errno. */
static int find_bytes(struct turn *turn, const struct turn_name *names, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        struct stat st;
        if (fstat(names[i].folder, &st) < 0)
            return -errno;
        off_t at = byte_of(st.st_ino, names[i].name);
        if (turn->count > 0 && turn->at[0] == at)
            continue;
        bool first = turn->count > 0 && at < turn->at[0];
        turn->at[turn->count] = first ? turn->at[0] : at;
        turn->at[0] = first || turn->count == 0 ? at : turn->at[0];
        turn->count++;
    }
    return 0;
}

/* Opens the file; makes it if it is missing. */
static int open_file(const struct path_root *top) {
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int reserved = reserved_open(top->fd, true);
    if (reserved < 0)
        return reserved;
    int fd = openat(reserved, TURN_FOLDER "/" TURN_FILE, flags, 0600);
    int result = fd < 0 ? -errno : fd;
    (void)close(reserved);
    if (result != -ENOENT)
        return result;
    int folder = reserved_enter(top, "/" TURN_FOLDER);
    if (folder < 0)
        return folder;
    fd = openat(folder, TURN_FILE, flags, 0600);
    result = fd < 0 ? -errno : fd;
    (void)close(folder);
    return result;
}

/* Is the locked file still the one that others will find? Touches it if it is getting old. */
static bool is_current(int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_nlink == 0)
        return false;
    if (time(NULL) - st.st_mtime > TOUCH_AFTER)
        (void)futimens(fd, NULL);
    return true;
}

static void unlock_bytes(const struct turn *turn) {
    for (unsigned i = 0; i < turn->count; i++)
        (void)try_bytes(turn->turns->fd, F_UNLCK, turn->at[i], 1);
}

static int lock_bytes(const struct turn *turn, int most) {
    const struct turns *turns = turn->turns;
    int result = 0;
    for (unsigned i = 0; i < turn->count && result == 0; i++)
        result = wait_for_bytes(turns->fd, F_WRLCK, turn->at[i], 1, most, turns->stop);
    if (result < 0)
        unlock_bytes(turn);
    return result;
}

static void close_file(struct turns *turns) {
    if (turns->fd >= 0)
        (void)close(turns->fd);
    turns->fd = -1;
}

/* Locks a byte that shows that we use the file. */
static int be_present(const struct turns *turns) {
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    off_t at = PRESENCE + (off_t)(random >> 3);
    return wait_for_bytes(turns->fd, F_WRLCK, at, 1, TURN_TIME, turns->stop);
}

/* Opens the file, if it is not open, and shows that we use it. The last session before may have
 * removed it meanwhile. */
static int join(struct turns *turns) {
    int result = 0;
    for (int i = 0; i < TURN_TRIES && turns->fd < 0; i++) {
        result = turns->fd = open_file(turns->top);
        if (result == -ENOENT)
            continue;
        if (result >= 0)
            result = be_present(turns);
        if (result < 0 || !is_current(turns->fd))
            close_file(turns);
        if (result < 0)
            return result;
    }
    return turns->fd < 0 ? -TURN_BUSY : 0;
}

void turns_join(struct turns *turns) {
    (void)join(turns);
}

/* Only a program that removes the reserved folder can cause a second file next to one that is
 * used. */
static int take_by_file(const struct turn *turn, int most) {
    struct turns *turns = turn->turns;
    for (int i = 0; i < TURN_TRIES; i++) {
        int result = join(turns);
        if (result == 0)
            result = lock_bytes(turn, most);
        if (result < 0 || is_current(turns->fd))
            return result;
        if (most == 0) { /* closing it would end the turns that we have */
            unlock_bytes(turn);
            break;
        }
        close_file(turns);
    }
    return -TURN_BUSY;
}

/* ---------------------------------------------------------------- uploads in flight */

static void name_mark(uint64_t kind, char ret_name[MARK_SIZE]) {
    (void)snprintf(ret_name, MARK_SIZE, "%016llx", (unsigned long long)kind);
}

/* Another user's reserved folder has no marks of ours; it could have some, and so make uploads
 * void, but whoever can make it can also remove the uploads. */
bool turns_is_marked(const struct turns *turns, uint64_t kind, const struct timespec *since) {
    char path[sizeof("/" RESERVED_FOLDER "/" MARKS "/") + MARK_SIZE] =
        "/" RESERVED_FOLDER "/" MARKS "/";
    struct stat st;
    name_mark(kind, path + strlen(path));
    int fd = path_open(turns->top, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return false;
    bool marked = fstat(fd, &st) == 0 && clock_order(&st.st_mtim, since) >= 0;
    (void)close(fd);
    return marked;
}

/* When the upload begins, by the clock of the file system: later than present marks. That clock
 * stands still for some ms at a time. */
static struct timespec begin_time(const struct turns *turns, uint64_t kind, int fd) {
    const struct timespec touch[] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    struct patience patience = patience_begin(CLOCK_STEP, turns->stop);
    struct stat st;
    for (;;) {
        if (fstat(fd, &st) < 0)
            return (struct timespec){0};
        if (!turns_is_marked(turns, kind, &st.st_ctim) || patience_pause(&patience) < 0 ||
            futimens(fd, touch) < 0)
            return st.st_ctim;
    }
}

off_t turns_begin_flight(struct turns *turns, uint64_t kind, int fd, struct timespec *ret_begun) {
    uint8_t random;
    off_t first = flight_of(kind);
    *ret_begun = begin_time(turns, kind, fd);
    if (join(turns) < 0 || getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return 0;
    for (unsigned i = 0; i < FLIGHT_BYTES; i++) {
        off_t at = first + (random + i) % FLIGHT_BYTES;
        int result = try_bytes(turns->fd, F_WRLCK, at, 1);
        if (result != -EAGAIN)
            return result == 0 ? at : 0;
    }
    return 0;
}

void turns_end_flight(const struct turns *turns, off_t flight) {
    if (flight > 0 && turns->fd >= 0)
        (void)try_bytes(turns->fd, F_UNLCK, flight, 1);
}

/* Our own lock does not conflict. */
bool turns_is_in_flight(struct turns *turns, uint64_t kind) {
    off_t first = flight_of(kind);
    struct flock bytes = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = FLIGHT_BYTES};
    return join(turns) == 0 && fcntl(turns->fd, F_OFD_GETLK, &bytes) == 0 &&
           bytes.l_type != F_UNLCK;
}

void turns_mark(struct turns *turns, uint64_t kind) {
    char name[MARK_SIZE];
    int folder = turns_is_in_flight(turns, kind) ? reserved_enter(turns->top, "/" MARKS) : -1;
    if (folder < 0)
        return;
    name_mark(kind, name);
    if (mkdirat(folder, name, 0700) < 0)
        (void)utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW);
    (void)close(folder);
}

static void remove_marks(int reserved) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    DIR *marks = path_read_folder(openat(reserved, MARKS, flags));
    const struct dirent *entry;
    while (marks && (entry = readdir(marks))) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(marks), entry->d_name, AT_REMOVEDIR);
    }
    if (marks)
        (void)closedir(marks);
    (void)unlinkat(reserved, MARKS, AT_REMOVEDIR);
}

static bool have_marks(const struct turns *turns) {
    struct stat st;
    return fstatat(turns->top->fd, RESERVED_FOLDER "/" MARKS, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The last session removes the marks. If several leave at once, one of them finds itself alone:
 * each unlocks its own byte before it looks for those of others. */
static void clean_up(const struct turns *turns) {
    (void)try_bytes(turns->fd, F_UNLCK, PRESENCE, 0);
    bool alone = try_bytes(turns->fd, F_WRLCK, PRESENCE, 0) == 0 && is_current(turns->fd);
    int reserved = alone ? reserved_open(turns->top->fd, false) : -1;
    if (reserved < 0)
        return;
    remove_marks(reserved);
    (void)close(reserved);
}

void turns_close(struct turns *turns) {
    if (turns->fd >= 0 && have_marks(turns))
        clean_up(turns);
    close_file(turns);
}

/* ---------------------------------------------------------------- folders */

/* Opens a folder again, so that its lock ends when that descriptor is closed. -EACCES if the folder
 * may not be read: then it cannot be locked. */
static int open_again(int folder) {
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int lock_folder(const struct turn *turn, int folder, int *ret_fd) {
    int fd = open_again(folder);
    if (fd == -EACCES) /* if we may not read it, lock the root */
        fd = open_again(turn->turns->top->fd);
    if (fd < 0)
        return fd == -EACCES ? 0 : fd;
    int result = wait_for_folder(fd, turn->turns->stop);
    if (result == 0)
        *ret_fd = fd;
    else
        (void)close(fd);
    return result;
}

static bool come_in_order(const struct stat *a, const struct stat *b) {
    return a->st_dev != b->st_dev ? a->st_dev < b->st_dev : a->st_ino < b->st_ino;
}

static int take_by_folders(struct turn *turn, const struct turn_name *names, unsigned count) {
    struct stat a, b;
    int first = names[0].folder, second = names[count - 1].folder;
    if (fstat(first, &a) < 0 || fstat(second, &b) < 0)
        return -errno;
    bool two = a.st_ino != b.st_ino || a.st_dev != b.st_dev;
    bool in_order = come_in_order(&a, &b);
    int result = lock_folder(turn, two && !in_order ? second : first, &turn->folders[0]);
    if (result == 0 && two)
        result = lock_folder(turn, in_order ? second : first, &turn->folders[1]);
    return result;
}

/* ---------------------------------------------------------------- what is asked */

/* Is the file available to no session of this root? On a full disk it exists, or no session could
 * make it: deleting must still be possible. */
static bool is_out_of_reach(int error) {
    return error == -EPERM || error == -EACCES || error == -EROFS || error == -EOPNOTSUPP ||
           error == -ENOSPC || error == -EDQUOT;
}

/* Locks the bytes of the names, after `most` ms at most. */
static int lock_names(struct turn *turn, struct turns *turns, const struct turn_name *names,
                      unsigned count, int most) {
    turn_init(turn);
    turn->turns = turns;
    int result = find_bytes(turn, names, count);
    if (result == 0)
        result = take_by_file(turn, most);
    turn->by_file = result == 0;
    return result;
}

int turn_take(struct turn *ret_turn, struct turns *turns, const struct turn_name *names,
              unsigned count) {
    int result = lock_names(ret_turn, turns, names, count, TURN_TIME);
    if (is_out_of_reach(result))
        result = take_by_folders(ret_turn, names, count);
    if (result < 0)
        turn_end(ret_turn);
    return result;
}

int turn_take_one(struct turn *ret_turn, struct turns *turns, int folder, const char *name) {
    const struct turn_name one = {.folder = folder, .name = name};
    return turn_take(ret_turn, turns, &one, 1);
}

int turn_try_one(struct turn *ret_turn, struct turns *turns, int folder, const char *name) {
    const struct turn_name one = {.folder = folder, .name = name};
    int result = lock_names(ret_turn, turns, &one, 1, 0);
    if (result < 0)
        turn_end(ret_turn);
    return is_out_of_reach(result) ? -TURN_BUSY : result;
}

void turn_end(struct turn *turn) {
    if (turn->by_file)
        unlock_bytes(turn);
    for (unsigned i = 0; i < TURN_NAMES; i++) {
        if (turn->folders[i] >= 0)
            (void)close(turn->folders[i]);
    }
    turn_init(turn);
}
