#include "store/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/limits.h"
#include "store/publish.h"
#include "store/stage.h"
#include "store/store.h"
#include "store/workplace.h"

/* The version that is remembered with the partial. */
static uint64_t base_version(const struct store *store) {
    return store->request->hidden ? VERSION_HIDDEN : store->began;
}

/* Finds the one that the upload may resume. */
static int find_partial(const struct store *store, struct partial_found *ret_found) {
    int result = partial_find(&store->request->partial, ret_found);
    return result == 0 && partial_is_void(ret_found, base_version(store)) ? -ENOENT : result;
}

/* Gives the partial a reserved name. */
static int take_partial(struct store *store) {
    struct partial_found found;
    struct usage_change change;
    int result = reserved_name(store->temp);
    if (result < 0)
        return result;
    (void)limits_begin_change(store, &change);
    result = find_partial(store, &found);
    if (result == 0)
        result = partial_take(&store->request->partial, &found, store->work, store->temp);
    usage_change_end(&change);
    return result;
}

/* Makes the file that has a reserved name the partial. */
static int become_partial(struct store *store) {
    struct usage_change change;
    (void)limits_begin_change(store, &change);
    int result = limits_check_partial(store, &change);
    if (result == 0)
        result =
            partial_keep(&store->request->partial, base_version(store), store->work, store->temp);
    usage_change_end(&change);
    if (result == 0)
        store->temp[0] = '\0';
    return result;
}

/* ---------------------------------------------------------------- going on */

/* Opens the partial that has been taken over, after what is kept of it. The rest is cut off when
 * the new bytes have come. */
static int open_partial(struct store *store) {
    struct stat st;
    if (store->request->summed) /* fails for a client that may read nothing */
        store->fd = openat(store->work, store->temp, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (store->fd < 0)
        store->fd = openat(store->work, store->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (store->fd < 0 || fstat(store->fd, &st) < 0)
        return -errno;
    store->old_size = st.st_size;
    int result = limits_set_kept(store, (uint64_t)st.st_size);
    if (result == 0 && lseek(store->fd, (off_t)store->kept, SEEK_SET) < 0)
        result = -errno;
    return result;
}

/* A partial that cannot be renamed into place is an empty one (see store_keep): starts over. */
static int begin_anew(struct store *store, const struct partial_found *found) {
    if (found->st.st_size > 0)
        return -EXDEV;
    store->base = STORE_NOTHING;
    return store->request->base == STORE_BEGINNING && store->request->keep > 0 ? -ERANGE : 0;
}

/* Takes the partial over. Returns 1, 0 if it is gone, or a negative errno. */
static int take_over(struct store *store, int work) {
    store->work = work;
    int result = take_partial(store);
    if (result < 0) {
        store->temp[0] = '\0';
        (void)close(work);
        store->work = -1;
        return result == -ENOENT ? 0 : result;
    }
    store->resumed = true;
    store->base = STORE_NOTHING;
    result = open_partial(store);
    return result < 0 ? result : 1;
}

/* Is the partial of that id (0: none) what the client was shown, if it was shown something? */
static int check_shown(const struct store *store, uint64_t id) {
    const struct store_request *request = store->request;
    return request->was_shown && request->shown_partial != id ? -STORE_OTHER : 0;
}

/* Resumes the partial. Returns 1, 0 if there is none, or a negative errno. */
static int resume(struct store *store) {
    struct partial_found found;
    int result = find_partial(store, &found);
    bool is_there = result == 0;
    if (is_there || result == -ENOENT)
        result = check_shown(store, is_there ? found.id : 0);
    if (result < 0 || !is_there)
        return result;
    int work = reserved_open(store->request->partial.root->fd, false);
    if (work < 0)
        return work == -ENOENT || work == -EPERM ? 0 : work;
    int near = workplace_is_near(work, store->folder);
    if (near <= 0) {
        (void)close(work);
        return near < 0 ? near : begin_anew(store, &found);
    }
    return take_over(store, work);
}

/* If there is nothing to resume, no turn is taken, which would make files. */
int resume_begin(struct store *store) {
    struct partial_found found;
    struct turn turn;
    if (find_partial(store, &found) == -ENOENT)
        return check_shown(store, 0);
    int result = turn_take_one(&turn, store->request->turns, store->folder, store->request->name);
    if (result == 0)
        result = version_of(store->folder, store->request->seen, &store->began);
    if (result == 0)
        result = resume(store);
    turn_end(&turn);
    return result;
}

void resume_put_back(struct store *store) {
    struct turn turn;
    if (store->fd >= 0 && stage_cut(store, store->old_size) < 0)
        return;
    (void)turn_take_one(&turn, store->request->turns, store->folder, store->request->name);
    (void)become_partial(store); /* even without a turn: if it must not be, it is void */
    turn_end(&turn);
}

void resume_go_back(struct store *store, bool fits) {
    struct stat st;
    int fd = openat(store->work, store->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    bool shorter = fstat(fd, &st) == 0;
    off_t length = shorter && st.st_size > 0 ? st.st_size - 1 : 0;
    if (!fits && length > store->old_size)
        length = store->old_size;
    shorter = shorter && ftruncate(fd, length) == 0;
    (void)close(fd);
    if (shorter)
        (void)become_partial(store);
}

/* ---------------------------------------------------------------- keeping */

/* Would a client that asks for the size see something older than this upload? */
static bool hides_older(const struct store *store) {
    struct partial_found found;
    return (store->taken && !store->request->hidden) || find_partial(store, &found) == 0;
}

/* How long the partial is to be, or -ENODATA if there is to be none. */
static off_t length_to_keep(const struct store *store, bool good) {
    off_t end = stage_end(store);
    if (store->base != STORE_NOTHING)
        return -ENODATA;
    if (store->written == 0 && store->resumed)
        return store->old_size; /* nothing new came */
    off_t length = good && end > 0 ? end - 1 : (off_t)store->kept;
    return length > 0 || hides_older(store) ? length : -ENODATA;
}

/* Has something been published under the name since the upload began, even if it is gone again?
 * Then the upload is void. A name that has only become free does not matter. */
static bool is_void(struct store *store) {
    const struct store_request *request = store->request;
    uint64_t now;
    if (turns_is_marked(request->turns, store->kind, &store->begun))
        return true;
    if (request->hidden)
        return false;
    int result = version_of(store->folder, request->seen, &now);
    if (result == 0 && now == VERSION_NOTHING)
        store->began = now;
    return result < 0 || now != store->began;
}

/* The owner must be able to open it again. */
static int make_writable(const struct store *store) {
    struct stat st;
    const mode_t needed = S_IRUSR | S_IWUSR;
    if (fstat(store->fd, &st) < 0)
        return -errno;
    bool good = (st.st_mode & needed) == needed;
    return good || fchmod(store->fd, (st.st_mode | needed) & 0777) == 0 ? 0 : -errno;
}

/* Synced because of power cuts: after one the length must say how much is good. */
int resume_prepare(struct store *store, bool good) {
    off_t length = length_to_keep(store, good);
    if (length < 0)
        return (int)length;
    int result = is_void(store) ? -ENODATA : stage_cut(store, length);
    if (result == 0)
        result = make_writable(store);
    if (result == 0)
        result = publish_link_temp(store); /* before the sync, as in store_sync */
    return result < 0 ? result : stage_sync(store);
}

/* Makes an empty file the partial. */
static int mark_partial(struct store *store) {
    struct usage_change change;
    (void)limits_begin_change(store, &change);
    int result = partial_mark(&store->request->partial, base_version(store));
    usage_change_end(&change);
    return result;
}

int resume_keep(struct store *store) {
    int result = is_void(store) ? -ENODATA : become_partial(store);
    bool unkept =
        result == -EXDEV /* on another file system than the root's */ || result == -USAGE_EXCEEDED;
    return unkept && hides_older(store) && mark_partial(store) == 0 ? -ENODATA : result;
}

/* ---------------------------------------------------------------- publishing */

void resume_replace(struct store *store) {
    const struct store_request *request = store->request;
    const struct partial *partial = &request->partial;
    struct usage_change change;
    (void)limits_begin_change(store, &change);
    int result = partial_remove(partial);
    if (result < 0 && result != -ENOENT) /* it would hide the file: try again */
        (void)partial_remove(partial);
    usage_change_end(&change);
    bool is_known = store->kind && !request->hidden && strcmp(store->name, request->seen) == 0;
    turns_mark(request->turns,
               is_known ? store->kind : turn_kind_of_name(store->folder, store->name));
    if (request->blind)
        turns_mark(request->turns, turn_kind(partial->owner, partial->path));
}
