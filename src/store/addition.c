#include "store/addition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sum.h"
#include "store/order.h"
#include "store/reserved.h"
#include "store/turn.h"
#include "store/version.h"

#define ADDITION_FOLDER PATH_RESERVED_PREFIX "additions"

enum {
    ENTRY_TIME = 10000, /* ms to wait for a session that looks at it */
    OPEN_TRIES = 8,     /* it may be removed meanwhile */
    LOOKS = 100,        /* at an entry that changes all the time */
    LOOK_TIME = 2000,   /* ms to wait for another session that looks */
    WATCH_ROOM = 64,    /* room at first for files with something pending */
    WATCH_REST = 1,     /* s after which a folder's time of change is certain */
    HAND_SIZE = 1 << 16 /* bytes to read at once */
};

/* ---------------------------------------------------------------- where they are */

static int open_folder(const struct path_root *top, bool create) {
    if (create) {
        int made = reserved_enter(top, "/" ADDITION_FOLDER);
        if (made < 0)
            return made;
        (void)close(made);
    }
    int reserved = reserved_open(top->fd, false);
    if (reserved < 0)
        return reserved;
    int fd = openat(reserved, ADDITION_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    fd = fd < 0 ? -errno : fd;
    (void)close(reserved);
    return fd;
}

static void unlock(int fd) {
    (void)turn_lock_file(fd, F_UNLCK, 0, -1);
}

/* ---------------------------------------------------------------- what a dead session left */

/* Have all bytes been added? */
static bool is_whole(int file, const struct entry_facts *facts) {
    static char bytes[HAND_SIZE]; /* static only for its size */
    uint64_t sum = 0, done = 0;
    while (done < facts->more) {
        uint64_t left = facts->more - done;
        size_t wanted = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
        ssize_t n = pread(file, bytes, wanted, (off_t)(facts->length + done));
        if (n != (ssize_t)wanted)
            return false;
        sum = sum_add(sum, bytes, wanted);
        done += wanted;
    }
    return sum == facts->sum;
}

/* May the addition have been acknowledged? Not within the same boot: then the entry would have
 * ended. */
static bool may_count(const struct entry *entry, const char *boot, int file) {
    bool same = boot[0] && entry->boot == entry_sum_of_boot(boot);
    return !same && entry->state == ENTRY_PENDING && is_whole(file, &entry->facts);
}

/* Only the owner can restore the time of the last change: that does not matter. */
int addition_cut(int file, const struct entry_facts *facts, bool no_sync) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = facts->seconds, .tv_nsec = (long)facts->rest}};
    int result;
    do
        result = ftruncate(file, (off_t)facts->length) < 0 ? -errno : 0;
    while (result == -EINTR);
    if (result < 0)
        return result;
    (void)futimens(file, times);
    return no_sync ? 0 : path_sync(file);
}

/* Takes the bytes of a dead session back, unless they count, or somebody has written after them.
 * Returns 0 or a negative errno. */
static int take_back(const struct entry *entry, const char *boot, int file) {
    const struct entry_facts *facts = &entry->facts;
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

static void close_entry(struct addition *addition) {
    if (addition->fd >= 0)
        (void)close(addition->fd);
    addition->fd = -1;
}

static void close_folder(struct addition *addition) {
    if (addition->folder >= 0)
        (void)close(addition->folder);
    addition->folder = -1;
}

/* Opens the entry of the file, or a new one. -ESTALE: try again. */
static int open_entry(struct addition *addition) {
    struct entry entry;
    int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    if (addition->folder < 0)
        addition->folder = open_folder(addition->top, true);
    if (addition->folder < 0)
        return addition->folder;
    int result = entry_find(addition->folder, &addition->prefix, &entry);
    if (result < 0)
        return result;
    if (entry.state == ENTRY_NONE) {
        entry_name_ended(&addition->prefix, entry.name);
        flags |= O_CREAT | O_EXCL;
    }
    addition->fd = openat(addition->folder, entry.name, flags, 0600);
    memcpy(addition->name, entry.name, sizeof(entry.name));
    if (addition->fd >= 0)
        return 0;
    result = errno == ENOENT || errno == EEXIST ? -ESTALE : -errno;
    close_folder(addition); /* it may have been removed */
    return result;
}

/* Opens and locks the entry. The session that had it before may have removed or renamed it. */
static int take_entry(struct addition *addition, int stop) {
    int result = -ESTALE;
    for (int i = 0; i < OPEN_TRIES && result == -ESTALE; i++) {
        result = addition->fd < 0 ? open_entry(addition) : 0;
        if (result == 0)
            result = turn_lock_file(addition->fd, F_WRLCK, ENTRY_TIME, stop);
        if (result == 0 && !path_is_called(addition->fd, addition->folder, addition->name))
            result = -ESTALE;
        if (result < 0)
            close_entry(addition);
    }
    return result == -ESTALE ? -TURN_BUSY : result;
}

/* Renames the entry, and so changes what it says. */
static int rename_entry(struct addition *addition, const char *name) {
    if (renameat(addition->folder, addition->name, addition->folder, name) < 0)
        return -errno;
    memcpy(addition->name, name, strlen(name) + 1);
    return 0;
}

int addition_open(struct addition *addition, int folder, const char *name, int file, int stop) {
    struct path_id id;
    struct entry_prefix prefix;
    struct entry entry;
    int result = path_identify_open(file, &id);
    if (result == 0)
        result = entry_make_prefix(addition->top, &id, folder, name, &prefix);
    if (result < 0)
        return result;
    if (addition->fd >= 0 && strcmp(prefix.text, addition->prefix.text) != 0)
        addition_close(addition);
    addition->prefix = prefix;
    result = take_entry(addition, stop);
    if (result < 0 || !entry_parse(addition->name + strlen(prefix.text), &entry) ||
        entry.state == ENTRY_ENDED)
        return result;
    result = take_back(&entry, addition->boot, file);
    if (result < 0)
        close_entry(addition);
    return result;
}

/* Where the order of changes is kept the file cannot be longer on disk without its entry there. */
static bool is_in_order(const struct addition *addition, int file) {
    struct stat entry, target;
    return fstat(addition->fd, &entry) == 0 && fstat(file, &target) == 0 && order_is_kept(file) &&
           entry.st_dev == target.st_dev;
}

int addition_begin(struct addition *addition, const struct entry_facts *facts, int file) {
    char name[ENTRY_NAME_SIZE];
    entry_name_facts(&addition->prefix, ENTRY_PENDING, facts, entry_sum_of_boot(addition->boot),
                     name);
    int result = rename_entry(addition, name);
    if (result < 0 || addition->no_sync || is_in_order(addition, file))
        return result;
    return path_sync_folder(addition->folder, addition->fd);
}

int addition_end(struct addition *addition) {
    char name[ENTRY_NAME_SIZE];
    entry_name_ended(&addition->prefix, name);
    int result = rename_entry(addition, name);
    if (result < 0 && unlinkat(addition->folder, addition->name, 0) == 0)
        result = 0;
    if (result == 0)
        unlock(addition->fd);
    return result;
}

void addition_give_up(struct addition *addition) {
    struct entry entry;
    char name[ENTRY_NAME_SIZE];
    if (entry_parse(addition->name + strlen(addition->prefix.text), &entry) &&
        entry.state == ENTRY_PENDING) {
        entry_name_facts(&addition->prefix, ENTRY_REFUSED, &entry.facts, entry.boot, name);
        (void)rename_entry(addition, name);
        (void)path_sync_folder(addition->folder, addition->fd);
    }
    unlock(addition->fd);
}

/* Other sessions make it again. */
static void remove_folder(const struct path_root *top) {
    int reserved = reserved_open(top->fd, false);
    if (reserved < 0)
        return;
    (void)unlinkat(reserved, ADDITION_FOLDER, AT_REMOVEDIR);
    (void)close(reserved);
}

/* An entry that says something stays, and so does one that another session uses. */
void addition_close(struct addition *addition) {
    if (addition->fd >= 0 && addition->name[strlen(addition->prefix.text)] == ENTRY_ENDED &&
        turn_lock_file(addition->fd, F_WRLCK, 0, -1) == 0 &&
        path_is_called(addition->fd, addition->folder, addition->name))
        (void)unlinkat(addition->folder, addition->name, 0);
    close_entry(addition);
    if (addition->folder >= 0) {
        close_folder(addition);
        remove_folder(addition->top);
    }
}

/* ---------------------------------------------------------------- looking */

void addition_watch_begin(struct addition_watch *watch, const struct path_root *top) {
    *watch = (struct addition_watch){.reserved = reserved_open(top->fd, false)};
}

void addition_watch_end(struct addition_watch *watch) {
    if (watch->reserved >= 0)
        (void)close(watch->reserved);
    free(watch->inodes);
    *watch = (struct addition_watch){.reserved = -1};
}

static bool add_inode(void *context, uint64_t inode) {
    struct addition_watch *watch = context;
    if (watch->count == watch->room) {
        size_t room = watch->room ? 2 * watch->room : WATCH_ROOM;
        uint64_t *inodes = reallocarray(watch->inodes, room, sizeof(*inodes));
        if (!inodes)
            return false;
        watch->inodes = inodes;
        watch->room = room;
    }
    watch->inodes[watch->count++] = inode;
    return true;
}

/* Reads for which files something is pending, unless that is known. Times of change follow the
 * kernel's ticks: what has just changed may change again without a new time. */
static bool refresh(struct addition_watch *watch, const struct stat *st) {
    struct timespec now;
    if (watch->settled && clock_order(&watch->changed, &st->st_mtim) == 0)
        return true;
    int folder =
        openat(watch->reserved, ADDITION_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    watch->count = 0;
    watch->changed = st->st_mtim;
    watch->settled = now.tv_sec - st->st_mtim.tv_sec > WATCH_REST;
    bool known = folder < 0 ? errno == ENOENT : entry_each_open(folder, add_inode, watch) == 0;
    if (folder >= 0)
        (void)close(folder);
    return known;
}

bool addition_watch_may(struct addition_watch *watch, ino_t inode) {
    struct stat st;
    if (watch->reserved < 0 ||
        fstatat(watch->reserved, ADDITION_FOLDER, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (!refresh(watch, &st))
        return true;
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->inodes[i] == inode)
            return true;
    }
    return false;
}

/* Takes back what a dead session has left. Returns whether that was done: not if the session is
 * alive. */
static bool settle_dead(int entries, const struct entry_prefix *prefix, const struct entry *entry,
                        const struct path_id *id, const char *boot, int folder, const char *name) {
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(entries, entry->name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    /* from another boot, only sessions that look lock it */
    int patience = entry->boot == entry_sum_of_boot(boot) ? 0 : LOOK_TIME;
    bool done = fd >= 0 && turn_lock_file(fd, F_WRLCK, patience, -1) == 0 &&
                path_is_called(fd, entries, entry->name);
    int file = done ? openat(folder, name, flags) : -1;
    struct path_id now; /* something else may have the name now */
    done = file >= 0 && path_identify_open(file, &now) == 0 && path_is_same(&now, id) &&
           take_back(entry, boot, file) == 0;
    if (done) {
        char ended[ENTRY_NAME_SIZE];
        entry_name_ended(prefix, ended);
        (void)renameat(entries, entry->name, entries, ended);
    }
    if (file >= 0)
        (void)close(file);
    if (fd >= 0)
        (void)close(fd);
    return done;
}

/* Without the right to write one can still find out that the addition counts. */
static bool does_count(const struct entry *entry, const struct path_id *id, const char *boot,
                       int folder, const char *name) {
    struct path_id now;
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool counts = file >= 0 && path_identify_open(file, &now) == 0 && path_is_same(&now, id) &&
                  may_count(entry, boot, file);
    if (file >= 0)
        (void)close(file);
    return counts;
}

/* Finds the entry of the name's file, and which file that is. It is open only if its session may be
 * alive, or if it could not be taken back. */
static void find_pending(const struct path_root *top, const char *boot, int folder,
                         const char *name, struct path_id *ret_id, struct entry *ret_entry) {
    struct entry_prefix prefix;
    int entries = open_folder(top, false);
    *ret_entry = (struct entry){.state = ENTRY_NONE};
    if (entries < 0)
        return;
    /* renamed then, or as good as that: the caller looks again */
    if (path_identify_in(folder, name, ret_id) == 0 &&
        entry_make_prefix(top, ret_id, folder, name, &prefix) == 0 &&
        entry_find(entries, &prefix, ret_entry) == 0 && entry_is_open(ret_entry) &&
        (settle_dead(entries, &prefix, ret_entry, ret_id, boot, folder, name) ||
         does_count(ret_entry, ret_id, boot, folder, name)))
        ret_entry->state = ENTRY_ENDED;
    (void)close(entries);
}

/* What is seen of the file between two looks at the entry counts if the entry has not changed. */
int addition_look(const struct path_root *top, const char *boot, int folder, const char *name,
                  struct stat *ret_st, uint64_t *ret_version) {
    struct entry before, after;
    struct path_id id = {0};
    int result = version_look(folder, name, ret_st, ret_version);
    if (result < 0 || !S_ISREG(ret_st->st_mode))
        return result;
    find_pending(top, boot, folder, name, &id, &before);
    for (int i = 0; i < LOOKS; i++) {
        result = version_look(folder, name, ret_st, ret_version);
        if (result < 0)
            return result;
        if (entry_is_open(&before)) {
            if (ret_st->st_ino == id.inode && (uint64_t)ret_st->st_size > before.facts.length)
                ret_st->st_size = (off_t)before.facts.length;
            return 0;
        }
        find_pending(top, boot, folder, name, &id, &after);
        if (strcmp(before.name, after.name) == 0)
            return 0;
        before = after;
    }
    return 0;
}

void addition_clear(const struct path_root *top, int file, const struct path_id *id) {
    struct entry_prefix prefix;
    if (id->born != 0 || entry_make_prefix(top, id, file, "", &prefix) < 0)
        return;
    int entries = open_folder(top, false);
    if (entries < 0)
        return;
    entry_remove(entries, &prefix);
    (void)close(entries);
}
