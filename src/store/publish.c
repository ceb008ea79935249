#include "store/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/notice.h"
#include "store/stage.h"
#include "store/store.h"

enum { LINK_TRIES = 16, PUBLISH_TRIES = 16, SUFFIX_LIMIT = 16 };

int publish_other_name(const char *wish, char ret_name[NAME_MAX + 1]) {
    char stem[NAME_MAX + 1];
    uint32_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    memcpy(stem, wish, strlen(wish) + 1);
    const char *dot = strrchr(stem, '.');
    if (!dot || dot == stem || strlen(dot) > SUFFIX_LIMIT)
        dot = stem + strlen(stem);
    size_t length = (size_t)(dot - stem), most = NAME_MAX - strlen(dot) - 9;
    (void)snprintf(ret_name, NAME_MAX + 1, "%.*s-%08x%.*s", (int)(length < most ? length : most),
                   stem, random, SUFFIX_LIMIT, dot);
    return 0;
}

/* Links the unnamed file to the name temp. */
static int link_unnamed(const struct store *store) {
    if (linkat(store->fd, "", store->work, store->temp, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT && errno != EPERM && errno != EINVAL)
        return -errno;
    char self[64]; /* before Linux 6.10 only privileged users may do it that way */
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", store->fd);
    return linkat(AT_FDCWD, self, store->work, store->temp, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int publish_link_temp(struct store *store) {
    int result = store->unnamed ? -EEXIST : 0;
    for (int i = 0; i < LINK_TRIES && result == -EEXIST; i++) {
        result = reserved_name(store->temp);
        if (result == 0)
            result = link_unnamed(store);
    }
    if (result < 0)
        store->temp[0] = '\0';
    else
        store->unnamed = false;
    return result;
}

static int rename_to_name(const struct store *store, unsigned flags) {
    return renameat2(store->work, store->temp, store->folder, store->name, flags) < 0 ? -errno : 0;
}

/* Renames; then no file is called temp any more. */
static int move_to_name(struct store *store, unsigned flags) {
    int result = rename_to_name(store, flags);
    if (result == 0)
        store->temp[0] = '\0';
    return result;
}

static bool is_unsupported(int error) {
    return error == -EINVAL || error == -ENOSYS;
}

/* For file systems without RENAME_NOREPLACE: a link cannot replace a file. Without links, a program
 * may still take the name between the two calls. */
static int add_without_flags(struct store *store) {
    struct stat st;
    if (linkat(store->work, store->temp, store->folder, store->name, 0) == 0)
        return 0;
    if (errno == EEXIST || fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;
    return move_to_name(store, 0);
}

/* Gives the file its final name, if that is free, else -EEXIST. Programs that watch a folder wait
 * for a rename, not for a link. */
static int publish_new(struct store *store) {
    int result = move_to_name(store, RENAME_NOREPLACE);
    return is_unsupported(result) ? add_without_flags(store) : result;
}

static bool is_fuse(int folder) {
    struct statfs fs;
    return fstatfs(folder, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

/* Is it a file of that length and time? */
static bool is_like(const struct stat *st, const struct stat *file) {
    return S_ISREG(st->st_mode) && st->st_size == file->st_size &&
           clock_order(&st->st_mtim, &file->st_mtim) == 0;
}

/* Does our file, which still has its reserved name, have that name, too? Some FUSE drivers
 * (mergerfs) show a link to a file under another inode. */
static bool is_our_link(const struct store *store, int folder, const char *name) {
    struct stat ours, st;
    return store->temp[0] && is_fuse(folder) && fstat(store->fd, &ours) == 0 &&
           fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_like(&st, &ours);
}

bool publish_is_ours(const struct store *store, int folder, const char *name) {
    return path_is_called(store->fd, folder, name) || is_our_link(store, folder, name);
}

void publish_identify(const struct store *store, struct path_id *ret_id) {
    if (is_our_link(store, store->folder, store->name) &&
        !path_is_called(store->fd, store->folder, store->name))
        (void)path_identify_in(store->folder, store->name, ret_id);
}

/* Exchanges back. If something else was published over our file meanwhile, we now have that: it is
 * put back, because it may already be acknowledged. */
static void swap_back(const struct store *store) {
    if (rename_to_name(store, RENAME_EXCHANGE) == 0 &&
        !publish_is_ours(store, store->work, store->temp))
        (void)rename_to_name(store, RENAME_EXCHANGE);
}

/* May our file replace the one of that name? It may have become a folder or a link meanwhile or, if
 * our file resumes it, have got more bytes. */
static int check_old(const struct store *store, int folder, const char *name) {
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    const struct stat *old = &store->old;
    bool same = old->st_nlink > 0 && st.st_ino == old->st_ino && st.st_dev == old->st_dev &&
                is_like(&st, old);
    return store->base == STORE_NOTHING || same ? 0 : -EBUSY;
}

/* Has an exchange been a plain rename, whatever its result? Some FUSE drivers ignore the flag. */
static bool has_renamed_over(const struct store *store) {
    struct stat st;
    return publish_is_ours(store, store->folder, store->name) &&
           fstatat(store->work, store->temp, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

/* Exchanges the file with the old one, which is called temp then and can be brought back. Does not
 * trust the result of an exchange before looking. */
static int publish_by_exchange(struct store *store, enum published *ret_published) {
    int result = rename_to_name(store, RENAME_EXCHANGE);
    if (is_unsupported(result))
        return result;
    if (has_renamed_over(store)) {
        store->temp[0] = '\0';
        *ret_published = RENAMED_OVER;
        return 0;
    }
    if (result < 0)
        return result;
    result = check_old(store, store->work, store->temp);
    if (result < 0)
        swap_back(store);
    else
        *ret_published = SWAPPED;
    return result;
}

/* Does the file contain bytes of an old one? Then it replaces that, or nothing: if the old one is
 * gone, somebody has taken these bytes away. */
static bool goes_on(const struct store *store) {
    return store->base != STORE_NOTHING && store->old.st_nlink > 0;
}

/* The same for the second name of the old file. If a link has another inode than the file, the
 * first name is checked. */
static int check_backup(const struct store *store, const char *backup) {
    struct stat st;
    int result = check_old(store, store->work, backup);
    bool other = result == -EBUSY && is_fuse(store->work) &&
                 fstatat(store->work, backup, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                 is_like(&st, &store->old);
    return other ? check_old(store, store->folder, store->name) : result;
}

/* Gives the old file a second name, by which it can be brought back, and renames over the first.
 * -ENOSYS if it cannot be linked. */
static int publish_with_backup(struct store *store, enum published *ret_published) {
    char backup[sizeof(store->temp)];
    int result = reserved_name(backup);
    if (result < 0)
        return result;
    if (linkat(store->folder, store->name, store->work, backup, 0) < 0)
        return errno == ENOENT ? -ENOENT : -ENOSYS;
    result = check_backup(store, backup);
    if (result == 0)
        result = rename_to_name(store, 0);
    if (result < 0) {
        (void)unlinkat(store->work, backup, 0);
        return result;
    }
    memcpy(store->temp, backup, sizeof(backup));
    *ret_published = BACKED_UP;
    return 0;
}

/* If neither is possible: the old file is gone then. */
static int publish_by_rename(struct store *store, enum published *ret_published) {
    int result = check_old(store, store->folder, store->name);
    if (result == 0)
        result = move_to_name(store, 0);
    if (result == 0)
        *ret_published = RENAMED_OVER;
    return result;
}

/* FUSE drivers tend to ignore the flag, and rename: the old file would be gone before it is looked
 * at. */
static bool may_exchange(const struct store *store) {
    return !is_fuse(store->folder);
}

/* Replaces the old file. Best with a backup: programs that watch the folder see one event, while an
 * exchange also shows that the old file has left. But only an exchange is certain to find whether
 * the old file is still the one that this one resumes, whatever programs on this machine do.
 * -ENOENT if the old file is gone. */
static int publish_over(struct store *store, enum published *ret_published) {
    bool exchanges = may_exchange(store);
    bool backup_first = store->base == STORE_NOTHING || !exchanges;
    int result = backup_first ? publish_with_backup(store, ret_published) : -ENOSYS;
    if (is_unsupported(result) && exchanges)
        result = publish_by_exchange(store, ret_published);
    if (is_unsupported(result) && !backup_first)
        result = publish_with_backup(store, ret_published);
    return is_unsupported(result) ? publish_by_rename(store, ret_published) : result;
}

/* The event must be true before the file has the name. */
static int correct_notice(const struct store *store) {
    struct stat st = {.st_ino = store->id.inode};
    if (!store->request->notice)
        return 0;
    if (st.st_ino == 0 && fstat(store->fd, &st) < 0)
        return -errno;
    return notice_correct(store->request->notice, store->name, st.st_ino,
                          (uint64_t)stage_end(store));
}

int publish_file(struct store *store, enum published *ret_published) {
    char wish[sizeof(store->name)];
    memcpy(wish, store->name, sizeof(wish));
    for (int i = 0; i < PUBLISH_TRIES; i++) {
        int result = correct_notice(store);
        if (result < 0)
            return result;
        result = goes_on(store) ? -EEXIST : publish_new(store);
        if (result == 0)
            *ret_published = ADDED;
        if (result != -EEXIST || store->on_conflict == CONFLICT_REFUSE)
            return result;
        result = store->on_conflict == CONFLICT_RENAME ? publish_other_name(wish, store->name)
                                                       : publish_over(store, ret_published);
        if (*ret_published != NOT_PUBLISHED || (result < 0 && result != -ENOENT))
            return result;
        if (result == -ENOENT && goes_on(store))
            return -EBUSY;
    }
    return -EEXIST;
}

void publish_undo(struct store *store, enum published how) {
    if (how == NOT_PUBLISHED || !publish_is_ours(store, store->folder, store->name))
        return;
    if (how == SWAPPED)
        swap_back(store);
    else if (how == BACKED_UP)
        (void)move_to_name(store, 0);
    else if (how == ADDED)
        (void)unlinkat(store->folder, store->name, 0);
}
