#include "store/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/reserved.h"

enum { HOUR = 60 * 60, KEEP_TRIES = 8, HEX = 16 };

/* ---------------------------------------------------------------- where they are */

/* The path of their folder in the reserved folder. */
static int place(const struct partial *partial, char ret_path[PATH_SIZE]) {
    const char *path = partial->path[1] ? partial->path : "";
    return snprintf(ret_path, PATH_SIZE, "/%s%s", partial->owner, path) < PATH_SIZE ? 0
                                                                                    : -ENAMETOOLONG;
}

/* Is there no such folder? path: of `place`. As a rule there is not, and one look shows it. */
static bool is_missing(const struct partial *partial, const char *path) {
    char whole[sizeof("/" RESERVED_FOLDER) + PATH_SIZE];
    (void)snprintf(whole, sizeof(whole), "/" RESERVED_FOLDER "%s", path);
    int fd = path_open(partial->root, whole, O_PATH | O_DIRECTORY, 0);
    if (fd >= 0)
        (void)close(fd);
    return fd == -ENOENT;
}

/* Opens that folder. Returns a descriptor or a negative errno: -ENOENT if there are none. */
static int open_place(const struct partial *partial) {
    char path[PATH_SIZE];
    int result = partial->hours && place(partial, path) == 0 ? 0 : -ENOENT;
    if (result == 0 && is_missing(partial, path))
        result = -ENOENT;
    struct path_root reserved = {.walk = partial->root->walk};
    if (result == 0)
        result = reserved.fd = reserved_open(partial->root->fd, false);
    if (result < 0) /* another user's folder contains no partials of ours */
        return result == -EPERM ? -ENOENT : result;
    result = path_open(&reserved, path, O_RDONLY | O_DIRECTORY, 0);
    (void)close(reserved.fd);
    return result == -ENOTDIR ? -ENOENT : result;
}

/* Makes the folder. Returns a descriptor or a negative errno. */
static int make_place(const struct partial *partial) {
    char path[PATH_SIZE];
    int result = place(partial, path);
    return result < 0 ? result : reserved_enter(partial->root, path);
}

/* ---------------------------------------------------------------- names */

static bool parse_hex(const char *text, uint64_t *ret) {
    char digits[HEX + 1], *end;
    if (strnlen(text, HEX) < HEX)
        return false;
    memcpy(digits, text, HEX);
    digits[HEX] = '\0';
    *ret = strtoull(digits, &end, 16);
    return *end == '\0' && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ';
}

static bool parse_name(const char *name, struct partial_found *found) {
    size_t n = sizeof(PARTIAL_PREFIX) - 1;
    bool good = strlen(name) == PARTIAL_NAME_SIZE - 1 && strncmp(name, PARTIAL_PREFIX, n) == 0 &&
                parse_hex(name + n, &found->base) && name[n + HEX] == '-' &&
                parse_hex(name + n + HEX + 1, &found->id);
    if (good)
        memcpy(found->name, name, PARTIAL_NAME_SIZE);
    return good;
}

static int make_name(uint64_t base, char ret_name[PARTIAL_NAME_SIZE]) {
    uint64_t id;
    if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
        return -errno;
    (void)snprintf(ret_name, PARTIAL_NAME_SIZE, PARTIAL_PREFIX "%016llx-%016llx",
                   (unsigned long long)base, (unsigned long long)(id ? id : 1));
    return 0;
}

/* ---------------------------------------------------------------- looking */

bool partial_is_void(const struct partial_found *found, uint64_t now) {
    return now != VERSION_NOTHING && now != VERSION_HIDDEN && found->base != VERSION_HIDDEN &&
           found->base != now;
}

static bool counts(const struct partial *partial, const struct partial_found *found) {
    const struct stat *st = &found->st;
    bool old = time(NULL) - st->st_mtime > (time_t)partial->hours * HOUR;
    bool ours = S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1;
    return ours && !old;
}

/* Reads the next partial that is still in their folder. Returns 1, 0 after the last one, or a
 * negative errno. */
static int next_partial(DIR *folder, struct partial_found *ret_found) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry)
            return -errno;
        if (!parse_name(entry->d_name, ret_found))
            continue;
        if (fstatat(dirfd(folder), ret_found->name, &ret_found->st, AT_SYMLINK_NOFOLLOW) == 0)
            return 1;
        if (errno != ENOENT)
            return -errno;
    }
}

/* Finds the newest that counts in their folder, and closes the folder. */
static int find_in_place(const struct partial *partial, DIR *folder,
                         struct partial_found *ret_found) {
    struct partial_found found;
    bool any = false;
    int result;
    while ((result = next_partial(folder, &found)) > 0) {
        if (!counts(partial, &found) ||
            (any && clock_order(&found.st.st_mtim, &ret_found->st.st_mtim) <= 0))
            continue;
        *ret_found = found;
        any = true;
    }
    (void)closedir(folder);
    return result < 0 || any ? result : -ENOENT;
}

int partial_find(const struct partial *partial, struct partial_found *ret_found) {
    int fd = open_place(partial);
    if (fd < 0)
        return fd;
    DIR *folder = path_read_folder(fd);
    return folder ? find_in_place(partial, folder, ret_found) : -ENOMEM;
}

DIR *partial_folder(const struct partial *partial) {
    return path_read_folder(open_place(partial));
}

int partial_find_in(const struct partial *partial, DIR *folder, const char *name,
                    struct partial_found *ret_found) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -ENOENT;
    int fd = openat(dirfd(folder), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    DIR *inner = path_read_folder(fd);
    return inner ? find_in_place(partial, inner, ret_found) : -ENOMEM;
}

int partial_amount(const struct partial *partial, struct amount *ret_held) {
    *ret_held = (struct amount){0};
    int fd = open_place(partial), result = 0;
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    DIR *folder = path_read_folder(fd);
    if (!folder)
        return -ENOMEM;
    struct partial_found found;
    while ((result = next_partial(folder, &found)) > 0) {
        if (S_ISREG(found.st.st_mode))
            *ret_held = amount_add(
                *ret_held, (struct amount){.bytes = (uint64_t)found.st.st_size, .names = 1});
    }
    (void)closedir(folder);
    return result;
}

/* ---------------------------------------------------------------- changing */

int partial_take(const struct partial *partial, const struct partial_found *found, int reserved,
                 const char *name) {
    int folder = open_place(partial);
    if (folder < 0)
        return folder;
    int result = renameat(folder, found->name, reserved, name) < 0 ? -errno : 0;
    (void)close(folder);
    return result;
}

/* Removes all partials in their folder except `but`. Returns 0, -ENOENT if there were none, or
 * another negative errno. */
static int clear_place(int fd, const char *but) {
    int result = -ENOENT;
    DIR *folder = path_read_folder(fd);
    if (!folder)
        return -ENOMEM;
    struct partial_found found;
    int next;
    while ((next = next_partial(folder, &found)) > 0) {
        if (but && strcmp(found.name, but) == 0)
            continue;
        int removed = unlinkat(dirfd(folder), found.name, 0) < 0 && errno != ENOENT ? -errno : 0;
        result = removed < 0 || result == -ENOENT ? removed : result;
    }
    (void)closedir(folder);
    return next < 0 ? next : result;
}

int partial_keep(const struct partial *partial, uint64_t base, int from, const char *name) {
    char kept[PARTIAL_NAME_SIZE];
    int result = make_name(base, kept);
    if (result < 0)
        return result;
    result = -ENOENT; /* another session has removed the folder meanwhile, see partial_remove */
    for (int i = 0; i < KEEP_TRIES && result == -ENOENT; i++) {
        int folder = make_place(partial);
        if (folder < 0)
            return folder;
        result = renameat(from, name, folder, kept) < 0 ? -errno : 0;
        (void)close(folder);
    }
    int place = result == 0 ? open_place(partial) : -1;
    if (place >= 0)
        (void)clear_place(place, kept);
    return result;
}

int partial_mark(const struct partial *partial, uint64_t base) {
    char name[RESERVED_NAME_SIZE];
    int reserved = reserved_open(partial->root->fd, true);
    int result = reserved < 0 ? reserved : reserved_name(name);
    int fd = -1;
    if (result == 0)
        fd = openat(reserved, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (result == 0 && fd < 0)
        result = -errno;
    if (result == 0) {
        (void)close(fd);
        result = partial_keep(partial, base, reserved, name);
        if (result < 0)
            (void)unlinkat(reserved, name, 0);
    }
    if (reserved >= 0)
        (void)close(reserved);
    return result;
}

void partial_drop(const struct partial *partial, const struct partial_found *found) {
    int folder = open_place(partial);
    if (folder < 0)
        return;
    (void)unlinkat(folder, found->name, 0);
    (void)close(folder);
}

int partial_remove(const struct partial *partial) {
    int folder = open_place(partial);
    if (folder < 0)
        return folder;
    int above = openat(folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = clear_place(folder, NULL);
    if (above >= 0) { /* removes their folder, too, unless it contains other partials */
        (void)unlinkat(above, strrchr(partial->path, '/') + 1, AT_REMOVEDIR);
        (void)close(above);
    }
    return result;
}

void partial_drop_folder(const struct partial *partial) {
    char path[PATH_SIZE];
    int reserved = place(partial, path) < 0 ? -1 : reserved_open(partial->root->fd, false);
    if (reserved < 0)
        return;
    (void)unlinkat(reserved, path + 1, AT_REMOVEDIR);
    (void)close(reserved);
}

int partial_move_folder(const struct partial *from, const char *to) {
    char above[PATH_SIZE], path[PATH_SIZE];
    struct partial parent = *from;
    size_t length = (size_t)(strrchr(to, '/') - to);
    memcpy(above, to, length);
    memcpy(above + length, length ? "" : "/", length ? 1 : 2);
    parent.path = above;
    int result = from->hours && place(from, path) == 0 ? 0 : -ENOENT;
    int reserved = result < 0 ? result : reserved_open(from->root->fd, false);
    if (reserved < 0)
        return reserved;
    int folder =
        faccessat(reserved, path + 1, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : make_place(&parent);
    result = folder < 0 ? folder : 0;
    if (result == 0 && renameat(reserved, path + 1, folder, to + length + 1) < 0)
        result = -errno;
    if (folder >= 0)
        (void)close(folder);
    (void)close(reserved);
    return result;
}
