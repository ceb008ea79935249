#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINK_TRIES = 16, PUBLISH_TRIES = 16, SUFFIX_LIMIT = 16 };

int publish_choose_name(struct store *store, const char *wish) {
    char stem[sizeof(store->name)];
    uint32_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return -errno;
    memcpy(stem, wish, strlen(wish) + 1);
    const char *dot = strrchr(stem, '.');
    if (!dot || dot == stem || strlen(dot) > SUFFIX_LIMIT)
        dot = stem + strlen(stem);
    size_t length = (size_t)(dot - stem), most = NAME_MAX - strlen(dot) - 9;
    (void)snprintf(store->name, sizeof(store->name), "%.*s-%08x%.*s",
                   (int)(length < most ? length : most), stem, random, SUFFIX_LIMIT, dot);
    return 0;
}

/* Links the unnamed file to a name. */
static int link_as(const struct store *store, int folder, const char *name) {
    if (linkat(store->fd, "", folder, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT && errno != EPERM && errno != EINVAL)
        return -errno;
    char self[64]; /* before Linux 6.10 only privileged users may do it so */
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", store->fd);
    return linkat(AT_FDCWD, self, folder, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* Links to a random reserved name in the folder `work`. */
static int link_in(struct store *store, int work) {
    int result = -EEXIST;
    for (int i = 0; i < LINK_TRIES && result == -EEXIST; i++) {
        result = unfinished_name(store->temp);
        if (result == 0)
            result = link_as(store, work, store->temp);
    }
    if (result < 0)
        store->temp[0] = '\0';
    else
        store->unnamed = false;
    return result;
}

int publish_link_temp(struct store *store, bool beside) {
    if (!store->unnamed)
        return 0;
    int work = unfinished_open(store->request->partial.root, true);
    int result = work < 0 ? work : link_in(store, work);
    if (result == 0) {
        store->work = work;
        return 0;
    }
    if (work >= 0)
        (void)close(work);
    if (!beside || (work >= 0 && result != -EXDEV)) /* no room there is no room here */
        return result;
    store->work = store->folder;
    return link_in(store, store->work);
}

static int rename_to_name(const struct store *store, unsigned flags) {
    return renameat2(store->work, store->temp, store->folder, store->name, flags) < 0 ? -errno : 0;
}

static bool is_unsupported(int error) {
    return error == -EINVAL || error == -ENOSYS;
}

/* Gives the final name where nobody has it. -EEXIST where somebody has. */
static int publish_new(struct store *store) {
    if (store->unnamed)
        return link_as(store, store->folder, store->name);
    int result = rename_to_name(store, RENAME_NOREPLACE);
    if (is_unsupported(result)) {
        struct stat st;
        if (fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            return -EEXIST;
        result = rename_to_name(store, 0);
    }
    if (result == 0)
        store->temp[0] = '\0'; /* no file is called so any more */
    return result;
}

/* Is it our file that is called so? */
static bool is_ours(const struct store *store, int folder, const char *name) {
    struct stat ours, there;
    return fstat(store->fd, &ours) == 0 &&
           fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

/* Exchanges back. Should another session have published over our file meanwhile, it is its file
 * that we got: that one is put back where it was, for it may be acknowledged already. */
static void swap_back(const struct store *store) {
    if (rename_to_name(store, RENAME_EXCHANGE) == 0 && !is_ours(store, store->work, store->temp))
        (void)rename_to_name(store, RENAME_EXCHANGE);
}

/* May our file take the place of the one that is called so? That may have become a folder or a link
 * under our hands, or, where our file goes on from it, have got more bytes. */
static int check_old(const struct store *store, int folder, const char *name) {
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    const struct stat *old = &store->old;
    bool same = old->st_nlink > 0 && st.st_ino == old->st_ino && st.st_dev == old->st_dev &&
                st.st_size == old->st_size && st.st_mtim.tv_sec == old->st_mtim.tv_sec &&
                st.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
    return store->base == STORE_NOTHING || same ? 0 : -EBUSY;
}

/* Exchanges the file with the old one, which is called temp then and can be brought back. */
static int publish_by_exchange(struct store *store, enum published *ret_published) {
    int result = rename_to_name(store, RENAME_EXCHANGE);
    if (result < 0)
        return result;
    result = check_old(store, store->work, store->temp);
    if (result < 0)
        swap_back(store);
    else
        *ret_published = SWAPPED;
    return result;
}

/* Without exchange: gives the old file a second name, by which it can be brought back, and renames
 * over the first. Where there are no links either, the old one is gone. */
static int publish_by_rename(struct store *store, enum published *ret_published) {
    char backup[sizeof(store->temp)];
    int result = unfinished_name(backup);
    if (result < 0)
        return result;
    bool kept = linkat(store->folder, store->name, store->work, backup, 0) == 0;
    result =
        kept ? check_old(store, store->work, backup) : check_old(store, store->folder, store->name);
    if (result == 0)
        result = rename_to_name(store, 0);
    if (result < 0) {
        if (kept)
            (void)unlinkat(store->work, backup, 0);
        return result;
    }
    memcpy(store->temp, kept ? backup : "", kept ? sizeof(backup) : 1);
    *ret_published = kept ? BACKED_UP : RENAMED_OVER;
    return 0;
}

/* -ENOENT when the old file has gone meanwhile. */
static int publish_over(struct store *store, enum published *ret_published) {
    struct stat st;
    if (fstatat(store->folder, store->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    int result = publish_link_temp(store, true);
    if (result == 0)
        result = publish_by_exchange(store, ret_published);
    return is_unsupported(result) ? publish_by_rename(store, ret_published) : result;
}

int publish_file(struct store *store, enum published *ret_published) {
    char wish[sizeof(store->name)];
    memcpy(wish, store->name, sizeof(wish));
    for (int i = 0; i < PUBLISH_TRIES; i++) {
        int result = publish_new(store);
        if (result == 0)
            *ret_published = ADDED;
        if (result != -EEXIST || store->on_conflict == CONFLICT_REFUSE)
            return result;
        result = store->on_conflict == CONFLICT_RENAME ? publish_choose_name(store, wish)
                                                       : publish_over(store, ret_published);
        if (*ret_published != NOT_PUBLISHED || (result < 0 && result != -ENOENT))
            return result;
    }
    return -EEXIST;
}

void publish_undo(struct store *store, enum published how) {
    if (how == NOT_PUBLISHED || !is_ours(store, store->folder, store->name))
        return;
    if (how == SWAPPED)
        swap_back(store);
    else if (how == BACKED_UP && rename_to_name(store, 0) == 0)
        store->temp[0] = '\0';
    else if (how == ADDED)
        (void)unlinkat(store->folder, store->name, 0);
}
