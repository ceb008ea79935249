#include "session/share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "store/reserved.h"

#define FOLDER "/" PATH_RESERVED_PREFIX "shared/"

enum {
    STRINGS = 3,
    BEGINNING = SHARE_MOVE + 1, /* kind of the first note, whose id.inode is the generation */
    GARBAGE = 1 << 16,          /* bytes of useless notes that are tolerated, */
    TIMES = 2                   /* in addition to so many times the useful ones */
};

/* A change in the file; the strings follow. */
struct note {
    uint32_t kind;
    uint32_t size[STRINGS]; /* of path, to and real, each with its NUL; 0: NULL */
    struct path_id id;
};

/* Bytes of the file that are locked; what they contain does not matter. */
enum lock {
    LOCK_RUNNING, /* for reading: shares the file; for writing: empties it */
    LOCK_NOTES    /* for reading or writing notes */
};

/* Locks exclusively (F_WRLCK) or shared (F_RDLCK), or unlocks (F_UNLCK). command: F_OFD_SETLKW
 * waits for the others, F_OFD_SETLK does not. Returns 0 or a negative errno. */
static int lock(int fd, int command, enum lock which, short type) {
    struct flock byte = {.l_type = type, .l_whence = SEEK_SET, .l_start = which, .l_len = 1};
    int result;
    do
        result = fcntl(fd, command, &byte);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

void share_init(struct share *share) {
    *share = (struct share){.fd = -1};
}

static void close_share(struct share *share) {
    if (share->fd >= 0)
        (void)close(share->fd);
    share_init(share);
}

/* Empties the file if no other session shares it now. Returns 0, also if one does, or a negative
 * errno. */
static int empty(const struct share *share) {
    bool alone = lock(share->fd, F_OFD_SETLK, LOCK_RUNNING, F_WRLCK) == 0;
    return alone && ftruncate(share->fd, 0) < 0 ? -errno : 0;
}

/* The only session starts with an empty file. Then the file is shared; waits for a session that is
 * just emptying it. */
static int settle(const struct share *share) {
    int result = empty(share);
    return result < 0 ? result : lock(share->fd, F_OFD_SETLKW, LOCK_RUNNING, F_RDLCK);
}

int share_join(struct share *share, const struct path_root *root, const char *owner,
               const char *host) {
    const int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    char path[PATH_SIZE];
    share_init(share);
    (void)snprintf(path, sizeof(path), FOLDER "%s", owner);
    int folder = reserved_enter(root, path);
    if (folder < 0)
        return folder;
    share->fd = openat(folder, host, flags, 0600);
    int result = share->fd < 0 ? -errno : settle(share);
    (void)close(folder);
    if (result < 0)
        close_share(share);
    return result;
}

/* Is the entry of that path another file or folder than the change's? */
static bool is_of_another(const struct own *own, const struct share_change *change) {
    const struct own_entry *entry = own_find(own, change->path);
    return change->id.inode != 0 && entry && !path_is_same(&entry->id, &change->id);
}

static int apply(struct own *own, const struct share_change *change) {
    if (change->kind == SHARE_REMEMBER)
        return own_remember(own, change->path, change->real, &change->id);
    if (is_of_another(own, change))
        return 0;
    if (change->kind == SHARE_MOVE)
        return own_move(own, change->path, change->to, change->real);
    own_forget(own, change->path);
    return 0;
}

/* Bytes of the strings after a note, or -EBADMSG if it is not a note. */
static ssize_t strings_size(const struct note *note) {
    size_t size = 0;
    for (size_t i = 0; i < STRINGS; i++) {
        if (note->size[i] > PATH_SIZE)
            return -EBADMSG;
        size += note->size[i];
    }
    bool named = note->size[0] && (note->size[1] || note->kind != SHARE_MOVE);
    return note->kind <= SHARE_MOVE && named ? (ssize_t)size : -EBADMSG;
}

/* Makes the change of a note, whose strings are in `strings`. */
static void apply_note(struct own *own, const struct note *note, char *strings) {
    char *string[STRINGS], *at = strings;
    for (size_t i = 0; i < STRINGS; i++) {
        string[i] = note->size[i] ? at : NULL;
        at += note->size[i];
        if (string[i])
            at[-1] = '\0';
    }
    const struct share_change change = {.kind = (enum share_kind)note->kind,
                                        .path = string[0],
                                        .to = string[1],
                                        .real = string[2],
                                        .id = note->id};
    (void)apply(own, &change);
}

/* Reads one note and makes its change. Returns 1, 0 if there is no complete one, or a negative
 * errno. */
static int read_note(struct share *share, struct own *own) {
    struct note note;
    char strings[STRINGS * PATH_SIZE];
    ssize_t head = pread(share->fd, &note, sizeof(note), share->read);
    if (head != (ssize_t)sizeof(note))
        return head < 0 ? -errno : 0;
    ssize_t size = strings_size(&note);
    if (size < 0)
        return (int)size;
    ssize_t got = pread(share->fd, strings, (size_t)size, share->read + head);
    if (got != size)
        return got < 0 ? -errno : 0;
    share->read += head + size;
    apply_note(own, &note, strings);
    return 1;
}

/* The number that the file begins with, or 0 if it is empty. Returns 0 or a negative errno. */
static int read_generation(const struct share *share, uint64_t *ret_generation) {
    struct note head;
    ssize_t n = pread(share->fd, &head, sizeof(head), 0);
    *ret_generation = n == (ssize_t)sizeof(head) ? head.id.inode : 0;
    if (n < 0)
        return -errno;
    return n < (ssize_t)sizeof(head) || head.kind == BEGINNING ? 0 : -EBADMSG;
}

/* If the file has been rewritten, forgets everything and goes back to its beginning. Returns 0 or a
 * negative errno. */
static int follow(struct share *share, struct own *own) {
    uint64_t generation;
    int result = read_generation(share, &generation);
    if (result < 0 || generation == share->generation)
        return result;
    own_forget_all(own);
    share->generation = generation;
    share->read = generation ? (off_t)sizeof(struct note) : 0;
    return 0;
}

/* Reads all new notes, under a lock. Returns 0 or a negative errno; then nothing is shared any
 * more, because what the others do cannot be known. */
static int read_notes(struct share *share, struct own *own) {
    int result = follow(share, own);
    while (result == 0 && (result = read_note(share, own)) > 0)
        result = 0;
    if (result < 0)
        close_share(share);
    return result;
}

/* Cuts off what follows the last complete note: a session was killed, or found the disk full.
 * Returns 0, or -1 with errno. */
static int cut_off(const struct share *share) {
    struct stat st;
    if (fstat(share->fd, &st) < 0)
        return -1;
    return st.st_size > share->read ? ftruncate(share->fd, share->read) : 0;
}

/* Writes `whole` bytes after what has been read. Returns 0 or a negative errno; then none of them
 * is there. */
static int append_bytes(struct share *share, const struct iovec *parts, int count, size_t whole) {
    if (cut_off(share) < 0)
        return -errno;
    ssize_t written = writev(share->fd, parts, count);
    if (written == (ssize_t)whole) {
        share->read += written;
        return 0;
    }
    int error = written < 0 ? -errno : -ENOSPC;
    (void)cut_off(share); /* if not, the next writer does it */
    return error;
}

/* Begins the file if it is empty. Returns 0 or a negative errno. */
static int begin(struct share *share) {
    uint64_t random;
    if (share->generation)
        return 0;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    struct note head = {.kind = BEGINNING, .id.inode = random ? random : 1};
    const struct iovec part = {.iov_base = &head, .iov_len = sizeof(head)};
    int result = append_bytes(share, &part, 1, sizeof(head));
    if (result == 0)
        share->generation = head.id.inode;
    return result;
}

/* Adds a note. Returns 0 or a negative errno; then nothing of it is there. */
static int append(struct share *share, const struct share_change *change) {
    const char *strings[STRINGS] = {change->path, change->to, change->real};
    struct note note = {.kind = change->kind, .id = change->id};
    struct iovec parts[1 + STRINGS] = {{.iov_base = &note, .iov_len = sizeof(note)}};
    size_t whole = sizeof(note);
    for (size_t i = 0; i < STRINGS; i++) {
        note.size[i] = strings[i] ? (uint32_t)strlen(strings[i]) + 1 : 0;
        parts[1 + i] = (struct iovec){.iov_base = (char *)strings[i], .iov_len = note.size[i]};
        whole += note.size[i];
    }
    int result = begin(share);
    return result < 0 ? result : append_bytes(share, parts, 1 + STRINGS, whole);
}

/* Is the file much longer than needed? */
static bool is_wasteful(const struct share *share, const struct own *own) {
    return (uint64_t)share->read >
           GARBAGE + (uint64_t)TIMES * (own->bytes + own->count * sizeof(struct note));
}

static int append_entry(void *context, const struct own_entry *entry) {
    const struct share_change change = {
        .kind = SHARE_REMEMBER, .path = entry->path, .real = entry->real, .id = entry->id};
    return append(context, &change);
}

/* Rewrites the file with only what is known. If the disk is full or we are killed, the others
 * forget the rest. Returns 0 or a negative errno. */
static int rewrite(struct share *share, const struct own *own) {
    if (ftruncate(share->fd, 0) < 0)
        return -errno;
    share->generation = 0;
    share->read = 0;
    int result = begin(share);
    return result < 0 ? result : own_each_by_age(own, append_entry, share);
}

/* Makes the change, for the others too, and releases the lock. */
static int change_shared(struct share *share, struct own *own, const struct share_change *change) {
    int error = read_notes(share, own);
    if (error == 0)
        error = append(share, change);
    int result = apply(own, change);
    if (error == 0 && is_wasteful(share, own))
        error = rewrite(share, own);
    if (share->fd >= 0)
        (void)lock(share->fd, F_OFD_SETLK, LOCK_NOTES, F_UNLCK);
    return error < 0 ? error : result;
}

/* All sessions make the changes in the order of the file. */
int share_change(struct share *share, struct own *own, const struct share_change *change) {
    if (share->fd < 0)
        return apply(own, change);
    int error = lock(share->fd, F_OFD_SETLKW, LOCK_NOTES, F_WRLCK);
    if (error == 0)
        return change_shared(share, own, change);
    (void)apply(own, change);
    return error;
}

/* Has another session written something? */
static bool has_news(const struct share *share) {
    struct stat st;
    uint64_t generation;
    return fstat(share->fd, &st) < 0 || st.st_size != share->read ||
           read_generation(share, &generation) < 0 || generation != share->generation;
}

int share_read(struct share *share, struct own *own) {
    if (share->fd < 0 || !has_news(share))
        return 0;
    int result = lock(share->fd, F_OFD_SETLKW, LOCK_NOTES, F_RDLCK);
    if (result < 0)
        return result;
    result = read_notes(share, own);
    if (share->fd >= 0)
        (void)lock(share->fd, F_OFD_SETLK, LOCK_NOTES, F_UNLCK);
    return result;
}

/* The file stays: another session may be about to share it. If several leave at once, the last one
 * empties it. */
void share_leave(struct share *share) {
    if (share->fd >= 0 && lock(share->fd, F_OFD_SETLK, LOCK_RUNNING, F_UNLCK) == 0)
        (void)empty(share);
    close_share(share);
}
