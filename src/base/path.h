/*
 * path: names that clients send -> descriptors beneath the root; symbolic links are never followed.
 * What other modules open for a client is one part of a name, in a folder that was opened here.
 *
 * A virtual path is what the client sees: absolute, "/" is the root, no ".", "..", or double
 * slashes in it.
 */
#ifndef STORD_PATH_H
#define STORD_PATH_H

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Names that begin so are ours: clients can neither see nor use them. */
#define PATH_RESERVED_PREFIX ".stord."

enum {
    PATH_SIZE = PATH_MAX, /* of a virtual path, with its NUL */
    /* Errors, by an errno that nothing else gives: */
    PATH_RESERVED = EKEYREJECTED,  /* the name is reserved */
    PATH_UNFINISHED = EINPROGRESS, /* it is an interrupted upload */
    PATH_NOT_OWN = EREMOTEIO,      /* without the right, it was not uploaded in this session */
    PATH_FIXED = ENOTNAM,          /* no client may do that, such as rename the root */
};

struct path_root {
    int fd;    /* the root folder */
    bool walk; /* openat2 is not available: walk folder by folder */
};

/* Which file it is, whatever its name. An inode number that is used again has another birth time,
 * if the file system keeps that. */
struct path_id {
    dev_t device;
    ino_t inode;
    long long born; /* ns, or 0 */
};

/* Opens the root folder; creates it first if `create` is set. Finds out whether openat2 can be
 * used: if not, an old kernel or a filter answers ENOSYS or EPERM. Returns 0 or a negative
 * errno. */
int path_root_open(struct path_root *ret_root, const char *folder, bool create);

/* Is that part of a name reserved? In any case of letters: some file systems ignore case. */
bool path_is_reserved(const char *part);

/* A byte that no client's name may contain: it could forge a line somewhere. */
bool path_is_control(unsigned char byte);

/* Is one among these bytes? */
bool path_has_control(const char *bytes, size_t n);

/* Turns the name that a client sent into a virtual path, starting from the folder cwd. Lexical:
 * touches no file. Returns 0; -EXDEV when ".." leads above the root, -EINVAL for control
 * characters, -PATH_RESERVED for a reserved name, -ENAMETOOLONG. */
int path_resolve(const char *cwd, const char *name, char ret_path[PATH_SIZE]);

/* Opens what a virtual path names, beneath the root. flags and mode as for open(2); O_CLOEXEC,
 * O_NOFOLLOW and O_NOCTTY are added. Returns a descriptor or a negative errno (-ELOOP or -ENOTDIR:
 * a symbolic link is in the way). */
int path_open(const struct path_root *root, const char *path, int flags, mode_t mode);

/* Opens the folder that holds what path names, for reading if that is allowed, else with O_PATH.
 * *ret_name points to the last part of path ("" for the root itself). Returns as path_open. */
int path_open_parent(const struct path_root *root, const char *path, const char **ret_name);

/* lstat(2) of what path names. Returns 0 or a negative errno. */
int path_stat(const struct path_root *root, const char *path, struct stat *ret_st);

/* Which file path names, and which the descriptor leads to. Return 0 or a negative errno. */
int path_identify(const struct path_root *root, const char *path, struct path_id *ret_id);
int path_identify_open(int fd, struct path_id *ret_id);

/* The same for a name in a folder. */
int path_identify_in(int folder, const char *name, struct path_id *ret_id);

bool path_is_same(const struct path_id *a, const struct path_id *b);

/* Does that name in the folder belong to what fd leads to? */
bool path_is_called(int fd, int folder, const char *name);

/* Begins to read the names in a folder. Takes over the descriptor, and closes it on an error: NULL,
 * with errno. A negative descriptor (errno already set) gives NULL, too. */
DIR *path_read_folder(int fd);

/* fsync(2). Returns 0 or a negative errno. */
int path_sync(int fd);

/* Brings the names in a folder to the disk. A folder opened with O_PATH cannot be synced, and on
 * some file systems none can: then the whole file system of `other` is synced, or if `other` cannot
 * be either, everything. Returns 0 or a negative errno. */
int path_sync_folder(int folder, int other);

#endif
