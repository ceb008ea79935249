#include "store/usage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/patience.h"
#include "base/value.h"
#include "store/reserved.h"
#include "store/usage_walk.h"

#define USAGE_FOLDER PATH_RESERVED_PREFIX "usage"
#define USAGE_COUNT  PATH_RESERVED_PREFIX "count"

enum {
    LOCK_TIME = 60000,         /* ms to wait for others */
    DAY = 24 * 60 * 60 * 1000, /* ms after which what programs put there must be counted */
    REST = 10,                 /* a recount may take at most this part of the time */
    FILE_LIMIT = 1 << 22,      /* bytes of a count at most */
};

void usage_boot(char ret_boot[USAGE_TEXT_BOOT_SIZE]) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n = fd < 0 ? 0 : read(fd, ret_boot, USAGE_TEXT_BOOT_SIZE - 1);
    ret_boot[n == USAGE_TEXT_BOOT_SIZE - 1 ? n : 0] = '\0';
    if (fd >= 0)
        (void)close(fd);
}

int usage_open_folder(const struct path_root *top) {
    return reserved_enter(top, "/" USAGE_FOLDER);
}

bool usage_is_limited(const struct usage *usage) {
    return usage->quota != VALUE_UNLIMITED;
}

uint64_t usage_names(const struct usage *usage) {
    return USAGE_NAMES + usage->quota / USAGE_NAME_SIZE;
}

static uint64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---------------------------------------------------------------- the lock */

/* Opens the folder of the count. ret_path gets its path in the reserved folder. Returns a
 * descriptor or a negative errno. */
static int find_place(const struct usage *usage, char ret_path[PATH_SIZE]) {
    (void)snprintf(ret_path, PATH_SIZE, "/" USAGE_FOLDER "%s", usage->home[1] ? usage->home : "");
    struct path_root reserved = {.walk = usage->top->walk};
    int fd = reserved.fd = reserved_open(usage->top->fd, true);
    if (fd < 0)
        return fd;
    fd = path_open(&reserved, ret_path, O_RDONLY | O_DIRECTORY, 0);
    (void)close(reserved.fd);
    return fd;
}

/* The same; makes it if it is missing. */
static int open_place(const struct usage *usage) {
    char path[PATH_SIZE]; /* longer than any home */
    int fd = find_place(usage, path);
    if (fd != -ENOENT)
        return fd;
    int made = reserved_enter(usage->top, path);
    if (made < 0)
        return made;
    fd = openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = fd < 0 ? -errno : fd;
    (void)close(made);
    return fd;
}

/* Removes the count. A session that has the lock writes to the removed file, which does no harm. */
static void forget(const struct usage *usage) {
    char path[PATH_SIZE];
    int folder = find_place(usage, path);
    if (folder < 0)
        return;
    (void)unlinkat(folder, USAGE_COUNT, 0);
    (void)close(folder);
}

/* Locks the folder, not the file: tmpfiles.d spares a locked folder, and if the file is removed
 * nevertheless, no session makes another one meanwhile. Returns 0, -EWOULDBLOCK if another session
 * has it, or another negative errno. */
static int try_lock(struct usage *usage) {
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int folder = open_place(usage);
    if (folder < 0)
        return folder;
    int result = flock(folder, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
    int file = result < 0 ? -1 : openat(folder, USAGE_COUNT, flags, 0600);
    if (result == 0 && file < 0) /* the folder may have been removed before we had the lock */
        result = errno == ENOENT ? -EWOULDBLOCK : -errno;
    if (result < 0) {
        (void)close(folder);
        return result;
    }
    usage->folder = folder;
    usage->file = file;
    return 0;
}

static int lock(struct usage *usage) {
    struct patience patience = patience_begin(LOCK_TIME, usage->stop);
    int result;
    while ((result = try_lock(usage)) == -EWOULDBLOCK) {
        result = patience_pause(&patience);
        if (result < 0)
            break;
    }
    return result == -PATIENCE_OVER ? -EAGAIN : result;
}

static void unlock(struct usage *usage) {
    free(usage->owners);
    usage->owners = NULL;
    (void)flock(usage->folder, LOCK_UN);
    (void)close(usage->file);
    (void)close(usage->folder);
    usage->file = usage->folder = -1;
}

/* ---------------------------------------------------------------- the file */

/* Reads the whole count, and leaves room for `more` bytes after it. Returns its bytes; 0: it is not
 * a count, or *ret_text is NULL. */
static size_t read_text(const struct usage *usage, char **ret_text, size_t more) {
    struct stat st;
    bool good = fstat(usage->file, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= FILE_LIMIT;
    size_t size = good ? (size_t)st.st_size : 0;
    *ret_text = malloc(size + more + 1);
    if (!*ret_text)
        return 0;
    ssize_t n = pread(usage->file, *ret_text, size, 0);
    size = n > 0 ? (size_t)n : 0;
    (*ret_text)[size] = '\0';
    return size;
}

/* Adds the owner to the others. If it is new, its partials are not in the count. */
static void add_owner(struct usage *usage) {
    size_t n = strlen(usage->owners), length = strlen(usage->owner);
    if (length == 0 || usage_text_has_owner(usage->owners, usage->owner))
        return;
    memcpy(usage->owners + n, usage->owner, length);
    memcpy(usage->owners + n + length, "\n", 2);
    usage->known = false;
}

/* Rewrites the line. A count that cannot be written must not be there at all. */
static void write_line(struct usage *usage, bool clean) {
    char line[USAGE_TEXT_LINE_LENGTH + 1];
    usage->count.clean = clean;
    usage_text_format(&usage->count, line);
    if (pwrite(usage->file, line, USAGE_TEXT_LINE_LENGTH, 0) != USAGE_TEXT_LINE_LENGTH)
        (void)unlinkat(usage->folder, USAGE_COUNT, 0);
}

/* Parses the file, and decides whether the count holds. Returns whether it is a count. */
static bool parse(struct usage *usage, char *text, size_t size) {
    bool good = usage_text_parse(&usage->count, text, size) &&
                usage_text_has_owners(text + USAGE_TEXT_LINE_LENGTH, size - USAGE_TEXT_LINE_LENGTH);
    size_t n = good ? size - USAGE_TEXT_LINE_LENGTH : 0;
    memmove(text, text + size - n, n);
    text[n] = '\0';
    usage->owners = text;
    usage->known =
        good && usage->count.clean && usage->boot[0] && strcmp(usage->count.boot, usage->boot) == 0;
    add_owner(usage);
    return good;
}

/* Reads the count and marks it dirty; one that cannot be parsed is emptied. Returns 0 or
 * -ENOMEM. */
static int load(struct usage *usage) {
    char *text;
    size_t size = read_text(usage, &text, strlen(usage->owner) + 1);
    if (!text)
        return -ENOMEM;
    if (parse(usage, text, size))
        write_line(usage, false);
    else if (ftruncate(usage->file, 0) < 0)
        (void)unlinkat(usage->folder, USAGE_COUNT, 0);
    return 0;
}

bool usage_peek(const struct path_root *top, const char *home, struct amount *ret_held) {
    char path[PATH_SIZE], line[USAGE_TEXT_LINE_LENGTH];
    struct usage_text count;
    (void)snprintf(path, sizeof(path), "/" RESERVED_FOLDER "/" USAGE_FOLDER "%s/" USAGE_COUNT,
                   home[1] ? home : "");
    int fd = path_open(top, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool known = pread(fd, line, sizeof(line), 0) == (ssize_t)sizeof(line) &&
                 usage_text_parse(&count, line, sizeof(line));
    (void)close(fd);
    if (known)
        *ret_held = count.held;
    return known;
}

/* Writes the whole count, dirty. Returns 0 or a negative errno. */
static int write_text(struct usage *usage) {
    size_t n = strlen(usage->owners);
    if (ftruncate(usage->file, USAGE_TEXT_LINE_LENGTH) < 0)
        return -errno;
    write_line(usage, false);
    if (pwrite(usage->file, usage->owners, n, USAGE_TEXT_LINE_LENGTH) != (ssize_t)n)
        return -ENOSPC;
    return 0;
}

/* ---------------------------------------------------------------- counting */

/* Adds the partials of one owner. */
static int add_partials(const struct usage *usage, const struct path_root *reserved,
                        const char *owner, size_t n, struct amount *held) {
    char path[PATH_SIZE];
    struct amount more = {0};
    (void)snprintf(path, sizeof(path), "/%.*s", (int)n, owner);
    int result = usage_walk(reserved, path, USAGE_WALK_PARTIALS, usage->stop, &more);
    *held = amount_add(*held, more);
    return result;
}

static int count_all(const struct usage *usage, struct amount *ret_held) {
    int result = usage_walk(usage->root, "/", USAGE_WALK_FILES, usage->stop, ret_held);
    struct path_root reserved = {.walk = usage->top->walk};
    if (result == 0)
        result = reserved.fd = reserved_open(usage->top->fd, false);
    if (result < 0)
        return result;
    const char *owner = usage->owners;
    for (result = 0; result == 0 && *owner;) {
        size_t n = strcspn(owner, "\n");
        result = add_partials(usage, &reserved, owner, n, ret_held);
        owner += n + 1;
    }
    (void)close(reserved.fd);
    return result;
}

static int set_owners(struct usage *usage, const char *owners) {
    char *copy = strdup(owners);
    if (!copy)
        return -ENOMEM;
    free(usage->owners);
    usage->owners = copy;
    return 0;
}

int usage_recount(struct usage *usage, const char *owners) {
    struct usage_text *count = &usage->count;
    long long begun = clock_ms();
    struct amount held = {0};
    int result = owners ? set_owners(usage, owners) : 0;
    if (result == 0)
        result = count_all(usage, &held);
    if (result < 0)
        return result;
    *count = (struct usage_text){
        .held = held, .counted = now_ms(), .took = (uint64_t)(clock_ms() - begun) + 1};
    memcpy(count->boot, usage->boot, strlen(usage->boot) + 1);
    result = write_text(usage);
    usage->known = result == 0;
    usage->recounted = true;
    return result;
}

/* ms since the files were counted; UINT64_MAX if the clock was set back. */
static uint64_t age(const struct usage *usage) {
    uint64_t now = now_ms();
    return now < usage->count.counted ? UINT64_MAX : now - usage->count.counted;
}

/* ---------------------------------------------------------------- what is asked */

int usage_begin(struct usage *usage) {
    usage->folder = usage->file = -1;
    usage->known = false;
    if (!usage_is_limited(usage))
        return 0;
    int result = lock(usage);
    if (result < 0)
        return result;
    result = load(usage);
    if (result < 0)
        unlock(usage);
    return result;
}

static bool fits(uint64_t used, uint64_t more, uint64_t limit) {
    return used <= limit && more <= limit - used;
}

/* What adds no name is not refused for too many names. */
bool usage_fits(const struct usage *usage, struct amount more, struct amount less) {
    struct amount used = amount_subtract(usage->count.held, less);
    return !usage->known ||
           (fits(used.bytes, more.bytes, usage->quota) &&
            (more.names <= less.names || fits(used.names, more.names, usage_names(usage))));
}

struct amount usage_lack(const struct usage *usage, struct amount more, struct amount less) {
    struct amount held = amount_add(amount_subtract(usage->count.held, less), more);
    const struct amount allowed = {.bytes = usage->quota, .names = usage_names(usage)};
    struct amount lack = amount_subtract(held, allowed);
    if (more.names <= less.names)
        lack.names = 0;
    return lack;
}

int usage_check(struct usage *usage, struct amount more, struct amount less) {
    if (!usage_is_limited(usage))
        return 0;
    bool due = !usage->known || age(usage) > DAY ||
               (!usage_fits(usage, more, less) && age(usage) / REST > usage->count.took);
    int result = due ? usage_recount(usage, NULL) : 0;
    if (result < 0)
        return result;
    return usage_fits(usage, more, less) ? 0 : -USAGE_EXCEEDED;
}

void usage_end(struct usage *usage, struct amount more, struct amount less) {
    if (!usage_is_limited(usage))
        return;
    if (usage->folder < 0) {
        if (more.bytes != less.bytes || more.names != less.names)
            forget(usage);
        return;
    }
    if (usage->known) {
        usage->count.held = amount_subtract(amount_add(usage->count.held, more), less);
        write_line(usage, true);
    }
    unlock(usage);
}

void usage_doubt(struct usage *usage) {
    if (!usage_is_limited(usage))
        return;
    if (usage->folder < 0)
        forget(usage);
    else
        unlock(usage); /* it stays dirty */
}

int usage_room(struct usage *usage, struct amount wanted, struct amount less, uint64_t *ret_most) {
    *ret_most = VALUE_UNLIMITED;
    if (!usage_is_limited(usage))
        return 0;
    int result = usage_begin(usage);
    if (result == 0)
        result = usage_check(usage, wanted, less);
    if (result == 0)
        *ret_most = usage->quota - amount_subtract(usage->count.held, less).bytes;
    usage_end(usage, (struct amount){0}, (struct amount){0});
    return result;
}
