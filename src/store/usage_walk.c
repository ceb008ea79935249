#include "store/usage_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "store/partial.h"

enum {
    LOOK_EVERY = 256,          /* names between two checks whether to stop */
    STACK_SIZE = 2 * PATH_SIZE /* bytes to begin with */
};

/* State of one walk. */
struct walk {
    const struct path_root *root;
    int stop;
    enum usage_walk_kind kind;
    const struct usage_visitor *visitor; /* or NULL */
    struct amount held;                  /* so far */
    unsigned names;                      /* since the last look */
    char *stack; /* virtual paths of the folders still to be read, each with its NUL */
    size_t used; /* bytes in it */
    size_t room; /* bytes that there is memory for */
};

static int make_room(struct walk *walk, size_t n) {
    if (walk->room - walk->used >= n)
        return 0;
    size_t room = walk->room ? 2 * walk->room : STACK_SIZE;
    char *stack = realloc(walk->stack, room); /* enough: a path has at most PATH_SIZE bytes */
    if (!stack)
        return -ENOMEM;
    walk->stack = stack;
    walk->room = room;
    return 0;
}

/* Notes a folder to be read. One whose path is too long is out of a session's reach. */
static int push(struct walk *walk, const char *folder, const char *name) {
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", folder[1] ? folder : "", name);
    if (length >= PATH_SIZE)
        return 0;
    int result = make_room(walk, (size_t)length + 1);
    if (result < 0)
        return result;
    memcpy(walk->stack + walk->used, path, (size_t)length + 1);
    walk->used += (size_t)length + 1;
    return 0;
}

/* Takes the folder that was noted last. */
static void pop(struct walk *walk, char ret_path[PATH_SIZE]) {
    size_t end = walk->used - 1, start = end;
    while (start > 0 && walk->stack[start - 1])
        start--;
    memcpy(ret_path, walk->stack + start, end - start + 1);
    walk->used = start;
}

static void add(struct walk *walk, off_t size) {
    const struct amount one = {.bytes = size > 0 ? (uint64_t)size : 0, .names = 1};
    walk->held = amount_add(walk->held, one);
}

/* Does a name of that kind count? */
static bool counts(const struct walk *walk, const char *name, bool folder) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    if (walk->kind == USAGE_WALK_FILES)
        return !path_is_reserved(name);
    return folder || strncmp(name, PARTIAL_PREFIX, sizeof(PARTIAL_PREFIX) - 1) == 0;
}

static int take(struct walk *walk, const char *path, int folder, const struct dirent *entry) {
    struct stat st = {.st_mode = entry->d_type == DT_DIR ? S_IFDIR : 0};
    if (entry->d_type != DT_DIR && entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
        return 0;
    if (!counts(walk, entry->d_name, entry->d_type != DT_REG))
        return 0;
    if (entry->d_type != DT_DIR && fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == EACCES ? 0 : -errno;
    if (S_ISDIR(st.st_mode) && walk->kind == USAGE_WALK_FILES)
        add(walk, 0);
    if (S_ISDIR(st.st_mode))
        return push(walk, path, entry->d_name);
    if (!S_ISREG(st.st_mode) || !counts(walk, entry->d_name, false))
        return 0;
    add(walk, st.st_size);
    return walk->visitor ? walk->visitor->visit(walk->visitor->context, path, entry->d_name, &st)
                         : 0;
}

/* A folder that may not be read. If it may be written to, uploads there would not be counted:
 * returns -EACCES. */
static int check_unreadable(const struct walk *walk, const char *path) {
    int fd = path_open(walk->root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return 0;
    bool writable = faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
    (void)close(fd);
    return writable ? -EACCES : 0;
}

/* Opens a folder. *ret_folder is NULL if there is nothing to read, also because it is no longer a
 * folder. */
static int open_folder(const struct walk *walk, const char *path, DIR **ret_folder) {
    *ret_folder = NULL;
    int fd = path_open(walk->root, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -EACCES)
        return check_unreadable(walk, path);
    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
    *ret_folder = fdopendir(fd);
    if (*ret_folder)
        return 0;
    (void)close(fd);
    return -ENOMEM;
}

static int read_folder(struct walk *walk, const char *path) {
    DIR *folder;
    int result = open_folder(walk, path, &folder);
    if (!folder)
        return result;
    const struct dirent *entry;
    while (result == 0 && (errno = 0, entry = readdir(folder))) {
        result = take(walk, path, dirfd(folder), entry);
        if (result == 0 && ++walk->names % LOOK_EVERY == 0 && stop_asked(walk->stop))
            result = -ESHUTDOWN;
    }
    if (result == 0 && errno)
        result = -errno;
    (void)closedir(folder);
    return result;
}

static int walk_from(struct walk *walk, const char *path, struct amount *ret_held) {
    char next[PATH_SIZE];
    int result = push(walk, "/", path + 1);
    while (result == 0 && walk->used > 0) {
        pop(walk, next);
        result = read_folder(walk, next);
    }
    free(walk->stack);
    if (result == 0)
        *ret_held = walk->held;
    return result;
}

int usage_walk(const struct path_root *root, const char *path, enum usage_walk_kind kind, int stop,
               struct amount *ret_held) {
    struct walk walk = {.root = root, .stop = stop, .kind = kind};
    return walk_from(&walk, path, ret_held);
}

int usage_walk_files(const struct path_root *root, int stop, const struct usage_visitor *visitor,
                     struct amount *ret_held) {
    struct walk walk = {.root = root, .stop = stop, .kind = USAGE_WALK_FILES, .visitor = visitor};
    return walk_from(&walk, "/", ret_held);
}
