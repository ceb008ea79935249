#include "addition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "turn.h"
#include "unfinished.h"

#define ADDITION_FOLDER PATH_RESERVED_PREFIX "additions"

enum {
    ENTRY_SIZE = 512,    /* bytes, so that it is written whole or not at all */
    ENTRY_TIME = 10000,  /* ms to wait for whoever looks at it */
    OPEN_TRIES = 8,      /* it may be removed under our hands */
    HAND_SIZE = 1 << 16, /* bytes that are read at once */
    WORD = 8,            /* bytes that are summed up at once */
    LOOKS = 100          /* at an entry that changes all the time */
};

#define MAGIC     UINT64_C(0x3130646461647473) /* "stdadd01" */
#define SUM_PRIME UINT64_C(0x9e3779b97f4a7c15)

enum state {
    ENDED,   /* nothing is pending */
    PENDING, /* bytes may be there that do not belong to the file */
    REFUSED  /* they do not, even where all of them are there */
};

/* An entry as it is in its file. */
struct entry {
    uint64_t magic;
    uint64_t state;   /* enum state */
    uint64_t written; /* when: another one each time */
    uint64_t inode;
    int64_t born;
    uint64_t place; /* where the file is, if it has no time of birth; else 0 */
    struct addition_facts facts;
    char boot[COUNT_BOOT_SIZE + 3];
    uint64_t sum; /* of what stands before it */
};

uint64_t addition_sum(uint64_t sum, const void *bytes, size_t n) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n; i += WORD) {
        uint64_t word = 0;
        size_t length = n - i < WORD ? n - i : WORD;
        memcpy(&word, at + i, length);
        sum = (sum ^ word ^ (uint64_t)length << 56) * SUM_PRIME;
        sum ^= sum >> 29;
    }
    return sum;
}

/* ---------------------------------------------------------------- an entry */

static uint64_t sum_of(const struct entry *entry) {
    return addition_sum(0, entry, offsetof(struct entry, sum));
}

/* Which file it is. */
struct target {
    struct path_id id;
    uint64_t place;
};

/* Tells name from name, of files that have no time of birth. */
static int find_place(int folder, const char *name, struct target *target) {
    struct stat st;
    target->place = 0;
    if (target->id.born != 0)
        return 0;
    if (fstat(folder, &st) < 0)
        return -errno;
    uint64_t inode = st.st_ino,
             hash = addition_sum(addition_sum(0, &inode, sizeof(inode)), name, strlen(name));
    target->place = hash ? hash : 1;
    return 0;
}

/* Reads the entry. False when nothing is pending by it for that file. */
static bool read_entry(int fd, const struct target *target, struct entry *ret_entry) {
    char block[ENTRY_SIZE] = {0};
    ssize_t n = pread(fd, block, sizeof(block), 0);
    memcpy(ret_entry, block, sizeof(*ret_entry));
    return n == (ssize_t)sizeof(block) && ret_entry->magic == MAGIC &&
           ret_entry->sum == sum_of(ret_entry) && ret_entry->state != ENDED &&
           ret_entry->inode == target->id.inode && ret_entry->born == target->id.born &&
           ret_entry->place == target->place;
}

static uint64_t now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int write_entry(const struct addition *addition, enum state state,
                       const struct addition_facts *facts) {
    char block[ENTRY_SIZE] = {0};
    struct entry entry = {.magic = MAGIC,
                          .state = state,
                          .written = now(),
                          .inode = addition->id.inode,
                          .born = addition->id.born,
                          .place = addition->place,
                          .facts = *facts};
    (void)snprintf(entry.boot, sizeof(entry.boot), "%s", addition->boot);
    entry.sum = sum_of(&entry);
    memcpy(block, &entry, sizeof(entry));
    ssize_t n = pwrite(addition->fd, block, sizeof(block), 0);
    if (n != (ssize_t)sizeof(block))
        return n < 0 ? -errno : -ENOSPC;
    return 0;
}

static int sync_data(int fd) {
    int result;
    do
        result = fdatasync(fd) < 0 ? -errno : 0;
    while (result == -EINTR);
    return result;
}

/* ---------------------------------------------------------------- what a dead session left */

/* Is every byte that was to be added there? */
static bool is_whole(int file, const struct addition_facts *facts) {
    char bytes[HAND_SIZE];
    uint64_t sum = 0, done = 0;
    while (done < facts->more) {
        uint64_t left = facts->more - done;
        size_t wanted = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
        ssize_t n = pread(file, bytes, wanted, (off_t)(facts->length + done));
        if (n != (ssize_t)wanted)
            return false;
        sum = addition_sum(sum, bytes, wanted);
        done += wanted;
    }
    return sum == facts->sum;
}

/* May it have been acknowledged? Not in the boot in which it was begun: there its end would show.
 */
static bool may_count(const struct entry *entry, const char *boot, int file) {
    bool same = boot[0] && strcmp(entry->boot, boot) == 0;
    return !same && entry->state == PENDING && is_whole(file, &entry->facts);
}

/* The time of the last change is another one for who owns the file alone: no matter. */
int addition_cut(int file, const struct addition_facts *facts, bool no_sync) {
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT}, {.tv_sec = facts->seconds, .tv_nsec = facts->rest}};
    if (ftruncate(file, (off_t)facts->length) < 0)
        return -errno;
    (void)futimens(file, times);
    return no_sync ? 0 : sync_data(file);
}

/* Takes the bytes of a dead session from the file, unless they count, or somebody else has written
 * behind them. Returns 0 or a negative errno. */
static int take_back(const struct entry *entry, const char *boot, int file) {
    const struct addition_facts *facts = &entry->facts;
    struct stat st;
    if (fstat(file, &st) < 0)
        return -errno;
    uint64_t size = (uint64_t)st.st_size;
    if (size <= facts->length || size > facts->length + facts->more || may_count(entry, boot, file))
        return 0;
    return addition_cut(file, facts, false);
}

/* ---------------------------------------------------------------- adding */

void addition_init(struct addition *addition, const struct path_root *top, const char *boot,
                   bool no_sync) {
    *addition =
        (struct addition){.top = top, .folder = -1, .fd = -1, .boot = boot, .no_sync = no_sync};
}

/* A file of another file system below the root may have the inode of one of the root's. Of the
 * root's own file system the number is left out: it differs from machine to machine where several
 * share it. */
static int name_entry(const struct path_root *top, const struct path_id *id,
                      char ret_name[ADDITION_NAME_SIZE]) {
    struct stat st;
    if (fstat(top->fd, &st) < 0)
        return -errno;
    (void)snprintf(ret_name, ADDITION_NAME_SIZE, "%llx-%llx",
                   id->device == st.st_dev ? 0 : (unsigned long long)id->device,
                   (unsigned long long)id->inode);
    return 0;
}

static int open_folder(const struct path_root *top, bool create) {
    if (create) {
        int made = unfinished_enter(top, "/" ADDITION_FOLDER);
        if (made < 0)
            return made;
        (void)close(made);
    }
    int unfinished = unfinished_open(top->fd, false);
    if (unfinished < 0)
        return unfinished;
    int fd = openat(unfinished, ADDITION_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    fd = fd < 0 ? -errno : fd;
    (void)close(unfinished);
    return fd;
}

static int unlock(int fd) {
    return turn_lock_file(fd, F_UNLCK, 0, -1);
}

static int lock_entry(const struct addition *addition, int stop) {
    struct stat st;
    int result = turn_lock_file(addition->fd, F_WRLCK, ENTRY_TIME, stop);
    if (result < 0)
        return result;
    if (fstat(addition->fd, &st) < 0)
        return -errno;
    return st.st_nlink > 0 ? 0 : -ESTALE;
}

/* Opens the entry of the file, making it first where it is missing. */
static int open_entry(struct addition *addition) {
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    int result = name_entry(addition->top, &addition->id, addition->name);
    if (result == 0 && addition->folder < 0) {
        addition->folder = open_folder(addition->top, true);
        result = addition->folder < 0 ? addition->folder : 0;
    }
    if (result < 0)
        return result;
    addition->fd = openat(addition->folder, addition->name, flags, 0600);
    if (addition->fd >= 0)
        return 0;
    result = errno == ENOENT ? -ESTALE : -errno; /* somebody has removed the folder */
    (void)close(addition->folder);
    addition->folder = -1;
    return result;
}

static void close_entry(struct addition *addition) {
    if (addition->fd >= 0)
        (void)close(addition->fd);
    addition->fd = -1;
}

/* Opens and locks the entry for the file. Whoever had it before may have removed it. */
static int take_entry(struct addition *addition, int stop) {
    int result = -ESTALE;
    for (int i = 0; i < OPEN_TRIES && result == -ESTALE; i++) {
        result = addition->fd < 0 ? open_entry(addition) : 0;
        if (result == 0)
            result = lock_entry(addition, stop);
        if (result < 0)
            close_entry(addition);
    }
    return result == -ESTALE ? -TURN_BUSY : result;
}

int addition_open(struct addition *addition, int folder, const char *name, int file, int stop) {
    struct target target;
    struct entry entry;
    int result = path_identify_open(file, &target.id);
    if (result == 0)
        result = find_place(folder, name, &target);
    if (result < 0)
        return result;
    if (addition->fd >= 0 && !path_is_same(&target.id, &addition->id))
        addition_close(addition);
    addition->id = target.id;
    addition->place = target.place;
    result = take_entry(addition, stop);
    if (result == 0 && read_entry(addition->fd, &target, &entry)) {
        result = take_back(&entry, addition->boot, file);
        if (result < 0)
            close_entry(addition);
    }
    return result;
}

/* A new entry is on disk with its name: then its folder has to be synced, too. */
int addition_begin(const struct addition *addition, const struct addition_facts *facts) {
    struct stat st;
    bool is_new = fstat(addition->fd, &st) < 0 || st.st_size == 0;
    int result = write_entry(addition, PENDING, facts);
    if (result < 0 || addition->no_sync)
        return result;
    result = sync_data(addition->fd);
    return result == 0 && is_new ? path_sync_folder(addition->folder, addition->fd) : result;
}

void addition_end(const struct addition *addition) {
    const struct addition_facts none = {0};
    if (write_entry(addition, ENDED, &none) < 0)
        (void)unlinkat(addition->folder, addition->name, 0);
    (void)unlock(addition->fd);
}

void addition_give_up(const struct addition *addition) {
    char block[ENTRY_SIZE];
    struct entry entry;
    if (pread(addition->fd, block, sizeof(block), 0) == (ssize_t)sizeof(block)) {
        memcpy(&entry, block, sizeof(entry));
        (void)write_entry(addition, REFUSED, &entry.facts);
        (void)sync_data(addition->fd);
    }
    (void)unlock(addition->fd);
}

/* Others make it again. */
static void remove_folder(const struct path_root *top) {
    int unfinished = unfinished_open(top->fd, false);
    if (unfinished < 0)
        return;
    (void)unlinkat(unfinished, ADDITION_FOLDER, AT_REMOVEDIR);
    (void)close(unfinished);
}

/* An entry that says something stays, and so does one that somebody else uses. */
void addition_close(struct addition *addition) {
    const struct target target = {.id = addition->id, .place = addition->place};
    struct entry entry;
    if (addition->fd >= 0 && turn_lock_file(addition->fd, F_WRLCK, 0, -1) == 0 &&
        !read_entry(addition->fd, &target, &entry))
        (void)unlinkat(addition->folder, addition->name, 0);
    close_entry(addition);
    if (addition->folder >= 0) {
        (void)close(addition->folder);
        remove_folder(addition->top);
    }
    addition->folder = -1;
}

/* ---------------------------------------------------------------- looking */

bool addition_is_any(int unfinished) {
    return unfinished >= 0 &&
           faccessat(unfinished, ADDITION_FOLDER, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Which file is called so, and which name its entry would have. */
static int find_target(const struct path_root *top, int folder, const char *name,
                       struct target *ret_target, char ret_name[ADDITION_NAME_SIZE]) {
    int result = path_identify_in(folder, name, &ret_target->id);
    if (result == 0)
        result = find_place(folder, name, ret_target);
    return result < 0 ? result : name_entry(top, &ret_target->id, ret_name);
}

/* The entry of what is called so, for reading at least; *ret_writable: for writing, too. */
static int find_entry(const struct path_root *top, int folder, const char *name,
                      struct target *ret_target, bool *ret_writable) {
    char entry[ADDITION_NAME_SIZE];
    int entries = open_folder(top, false);
    if (entries < 0)
        return entries;
    int result = find_target(top, folder, name, ret_target, entry);
    int fd = result < 0 ? -1 : openat(entries, entry, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    *ret_writable = fd >= 0;
    if (result == 0 && fd < 0 && errno == EACCES)
        fd = openat(entries, entry, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (result == 0 && fd < 0)
        result = -errno;
    (void)close(entries);
    return result < 0 ? result : fd;
}

/* Takes back what a dead session has left, if that is so and can be done. */
static bool settle_dead(int fd, const struct target *target, const char *boot, int folder,
                        const char *name) {
    struct path_id now;
    struct entry entry;
    if (turn_lock_file(fd, F_WRLCK, 0, -1) < 0)
        return false;
    if (!read_entry(fd, target, &entry))
        return true; /* it has ended meanwhile */
    int file = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool done = file >= 0 && path_identify_open(file, &now) == 0 &&
                path_is_same(&now, &target->id) && take_back(&entry, boot, file) == 0;
    const struct addition_facts none = {0};
    const struct addition addition = {
        .fd = fd, .boot = boot, .id = target->id, .place = target->place};
    if (done)
        (void)write_entry(&addition, ENDED, &none);
    if (file >= 0)
        (void)close(file);
    return done;
}

void addition_clear(const struct path_root *top, int file) {
    struct path_id id;
    char name[ADDITION_NAME_SIZE];
    if (path_identify_open(file, &id) < 0 || id.born != 0 || name_entry(top, &id, name) < 0)
        return;
    int entries = open_folder(top, false);
    if (entries < 0)
        return;
    (void)unlinkat(entries, name, 0);
    (void)close(entries);
}

/* What the entry of a file says, if there is one. */
enum verdict { ALONE, IN_PROGRESS };

/* Looks at the entry. *ret_written: when it was written, 0 where there is none. Where something is
 * pending, *st becomes what the file is without that. */
static enum verdict look(const struct path_root *top, const char *boot, int folder,
                         const char *name, struct stat *st, uint64_t *ret_written) {
    struct target target;
    struct entry entry;
    bool writable;
    int fd = find_entry(top, folder, name, &target, &writable);
    *ret_written = 0;
    if (fd < 0)
        return ALONE;
    bool pending = read_entry(fd, &target, &entry);
    if (pending && writable && settle_dead(fd, &target, boot, folder, name))
        pending = false; /* the entry is another one now: there is another look at it */
    *ret_written = entry.written;
    if (pending && fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st->st_ino == target.id.inode && (uint64_t)st->st_size > entry.facts.length)
        st->st_size = (off_t)entry.facts.length;
    (void)close(fd);
    return pending ? IN_PROGRESS : ALONE;
}

/* What was seen of the file between two looks counts when the entry has not changed meanwhile. */
void addition_settle(const struct path_root *top, const char *boot, int folder, const char *name,
                     struct stat *st) {
    uint64_t before, after = 0;
    for (int i = 0; i < LOOKS; i++) {
        if (look(top, boot, folder, name, st, &before) == IN_PROGRESS)
            return;
        if (i > 0 && before == after)
            return;
        if (fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) < 0)
            return;
        after = before;
    }
}
