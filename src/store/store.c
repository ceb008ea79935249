#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "store/extend.h"
#include "store/limits.h"
#include "store/publish.h"
#include "store/stage.h"
#include "store/workplace.h"

enum { PUBLISH_TRIES = 16 /* of what is added to a file that others change as well */ };

/* ---------------------------------------------------------------- the beginning */

/* Only plain files give way. Returns 1 for one, 0 when nothing has that name, or why it cannot be
 * had. */
static int check_name(struct store *store) {
    const char *name = store->request->name;
    struct partial_found partial;
    struct stat st;
    if (strlen(name) >= sizeof(store->name))
        return -ENAMETOOLONG;
    memcpy(store->name, name, strlen(name) + 1);
    if (store->request->unique && partial_find(&store->request->partial, &partial) == 0)
        return 1;
    if (fstatat(store->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    bool silent = store->request->blind && !store->request->unique && S_ISDIR(st.st_mode);
    if (S_ISREG(st.st_mode) || (store->on_conflict == CONFLICT_RENAME && !silent))
        return 1;
    return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
}

static void finish(struct store *store) {
    turns_end_flight(store->request->turns, store->flight);
    stage_drop(store);
    if (store->work >= 0 && store->work != store->folder)
        (void)close(store->work);
    (void)close(store->folder);
    store->work = store->folder = -1;
}

static int take_turn(const struct store *store, struct turn *turn) {
    const struct store_request *request = store->request;
    const struct turn_name name = {.folder = store->folder, .name = request->name};
    return turn_take(turn, request->turns, &name, 1);
}

/* How much is kept of a file that has so many bytes. -ERANGE when it is too short, -EFBIG when that
 * is more than the new one may have. */
static int set_kept(struct store *store, uint64_t size) {
    const struct store_request *request = store->request;
    store->kept = request->base == STORE_ALL ? size : request->keep;
    if (size < store->kept)
        return -ERANGE;
    return store->kept > request->most ? -EFBIG : 0;
}

/* Looks at the file that is open at `old`, and that is to be gone on from, without bytes that
 * somebody is about to add. */
static int look_at_old(struct store *store, int old) {
    const struct store_request *request = store->request;
    struct stat settled;
    uint64_t version;
    bool named = addition_look(request->partial.root, request->addition->boot, store->folder,
                               store->name, &settled, &version) == 0;
    int result = version_look(old, "", &store->old, &version);
    if (result < 0)
        return result;
    if (!S_ISREG(store->old.st_mode))
        return -ENXIO;
    (void)path_identify_open(old, &store->old_id);
    if (request->was_shown && version != request->shown_version)
        return -STORE_OTHER;
    bool same = named && settled.st_ino == store->old.st_ino;
    return set_kept(store, (uint64_t)(same ? settled.st_size : store->old.st_size));
}

/* Opens the file that is to be gone on from. Returns a descriptor or a negative errno. */
static int open_old(struct store *store) {
    int old = openat(store->folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old < 0)
        return errno == ENOENT ? -ERANGE : -errno;
    int result = look_at_old(store, old);
    if (result == 0)
        return old;
    (void)close(old);
    return result;
}

/* Begins the file with what is to be kept of the old one, and with its mode. */
static int take_beginning(struct store *store, int old) {
    int result = copy_file(old, store->fd, store->kept, store->request->stop);
    bool dressed = result < 0 || fchmod(store->fd, store->old.st_mode & 0777) == 0;
    return dressed ? result : -errno;
}

/* ---------------------------------------------------------------- partials */

/* The version that is remembered with the partial. */
static uint64_t base_version(const struct store *store) {
    return store->request->hidden ? VERSION_HIDDEN : store->began;
}

/* The one that the upload may go on from. */
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

/* Opens the partial that has been taken over, behind what is to be kept of it. The rest is cut off
 * when the new bytes have come. */
static int open_partial(struct store *store) {
    struct stat st;
    store->fd = openat(store->work, store->temp, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (store->fd < 0 || fstat(store->fd, &st) < 0)
        return -errno;
    store->old_size = st.st_size;
    int result = set_kept(store, (uint64_t)st.st_size);
    if (result == 0 && lseek(store->fd, (off_t)store->kept, SEEK_SET) < 0)
        result = -errno;
    return result;
}

/* A partial that cannot be renamed into place is an empty one, see store_keep: it is begun anew. */
static int begin_anew(struct store *store, const struct partial_found *found) {
    if (found->st.st_size > 0)
        return -EXDEV;
    store->base = STORE_NOTHING;
    return store->request->base == STORE_BEGINNING && store->request->keep > 0 ? -ERANGE : 0;
}

/* Takes the partial over. Returns 1, 0 when it has gone, or a negative errno. */
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

/* Is the partial of that id (0: none) what the client was shown, where it was? */
static int check_shown(const struct store *store, uint64_t id) {
    const struct store_request *request = store->request;
    return request->was_shown && request->shown_partial != id ? -STORE_OTHER : 0;
}

/* Goes on with the partial, where there is one. Returns 1 when there is, 0 when there is none, or a
 * negative errno. */
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

/* The same in a turn, for what has the name must not change meanwhile. Where nothing is there to go
 * on with, nothing is made to take turns with either. */
static int resume_in_turn(struct store *store) {
    struct partial_found found;
    struct turn turn;
    if (find_partial(store, &found) == -ENOENT)
        return check_shown(store, 0);
    int result = take_turn(store, &turn);
    if (result == 0)
        result = version_of(store->folder, store->request->seen, &store->began);
    if (result == 0)
        result = resume(store);
    turn_end(&turn);
    return result;
}

/* Puts a partial back that was taken over in vain. */
static void put_back(struct store *store) {
    struct turn turn;
    if (store->fd >= 0 && stage_cut(store, store->old_size) < 0)
        return;
    (void)take_turn(store, &turn); /* without one, too: it is void where something has come */
    (void)become_partial(store);
    turn_end(&turn);
}

/* ---------------------------------------------------------------- new files */

static int settle_conflict(struct store *store) {
    bool settled = store->taken || (store->request->unique && store->request->blind);
    if (settled && store->on_conflict == CONFLICT_REFUSE)
        return -EEXIST;
    return settled && store->on_conflict == CONFLICT_RENAME
               ? publish_other_name(store->name, store->name)
               : 0;
}

/* Finds out what the file begins with. *ret_old: it is open there, where its beginning is kept.
 * Returns 0 or a negative errno. */
static int find_base(struct store *store, int *ret_old) {
    const struct store_request *request = store->request;
    if (store->base == STORE_NOTHING)
        return settle_conflict(store);
    bool readable = request->may_read && !request->hidden;
    if (!readable && store->base == STORE_BEGINNING)
        return -ERANGE;
    if (store->taken && !request->may_extend)
        return -EEXIST;
    store->on_conflict = CONFLICT_REPLACE;
    if (store->base == STORE_ALL)
        return extend_begin(store);
    int old = open_old(store);
    *ret_old = old < 0 ? -1 : old;
    return old < 0 ? old : 0;
}

/* Nothing is made before it is known that it may be. */
static int begin_new(struct store *store) {
    int old = -1;
    int result = find_base(store, &old);
    if (result == 0)
        result = limits_admit(store);
    if (result == 0)
        result = stage_open(store, store->adds);
    if (result == 0 && old >= 0)
        result = take_beginning(store, old);
    if (old >= 0)
        (void)close(old);
    return result;
}

/* What was known of a new file before is known of a partial when it has been taken over. */
static int begin_resumed(struct store *store) {
    int result = settle_conflict(store);
    return result < 0 ? result : limits_admit(store);
}

static int set_group(const struct store *store) {
    gid_t group = store->request->group;
    return group != VALUE_NO_GROUP && fchown(store->fd, (uid_t)-1, group) < 0 ? -errno : 0;
}

/* What is known before anything is made. Returns 1 when a file has the name, 0, or a negative
 * errno. */
static int refuse(struct store *store) {
    int taken = check_name(store);
    if (taken < 0)
        return taken;
    if (faccessat(store->folder, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return -errno;
    if (taken && store->base == STORE_NOTHING && store->on_conflict == CONFLICT_REFUSE)
        return -EEXIST;
    int result = version_of(store->folder, store->request->seen, &store->began);
    return result < 0 ? result : taken;
}

static int begin(struct store *store) {
    int result = refuse(store);
    if (result < 0)
        return result;
    store->taken = result > 0;
    int resumed = 0;
    if (store->base != STORE_NOTHING && store->request->may_resume)
        resumed = resume_in_turn(store);
    if (resumed < 0)
        return resumed;
    result = resumed ? begin_resumed(store) : begin_new(store);
    if (result == 0)
        result = set_group(store);
    return result < 0 ? result : limits_reserve(store);
}

/* Uploads of which kind make this one void when they are published? Of who may not see what has the
 * name, those of its own sessions. */
static uint64_t own_kind(const struct store *store) {
    const struct store_request *request = store->request;
    return request->hidden ? turn_kind(request->partial.owner, request->partial.path)
                           : turn_kind_of_name(store->folder, request->seen);
}

static void begin_flight(struct store *store) {
    if (store->request->unique)
        return; /* its name is nobody else's */
    store->kind = own_kind(store);
    store->flight =
        turns_begin_flight(store->request->turns, store->kind, store->fd, &store->begun);
}

int store_begin(struct store *ret_store, int folder, const struct store_request *request) {
    struct store *store = ret_store;
    *store = (struct store){.request = request,
                            .folder = folder,
                            .work = -1,
                            .fd = -1,
                            .record = -1,
                            .base = request->base,
                            .limit = request->most,
                            .most = request->most,
                            .on_conflict = request->on_conflict};
    int result = begin(store);
    if (result == 0)
        begin_flight(store);
    if (result < 0) {
        if (store->resumed)
            put_back(store);
        finish(store);
    }
    return result;
}

void store_abort(struct store *store) {
    finish(store);
}

/* ---------------------------------------------------------------- the bytes */

/* The disk may be filled up by others, too. */
static int check_growth(struct store *store, uint64_t size, uint64_t *ret_most) {
    int result = limits_check_growth(store, size);
    *ret_most = store->most;
    return result;
}

struct copy_sink store_sink(struct store *store) {
    return (struct copy_sink){.fd = store->fd,
                              .offset = store->kept,
                              .most = store->most,
                              .check = check_growth,
                              .store = store};
}

void store_received(struct store *store, uint64_t written) {
    store->written = written;
}

bool store_is_as_announced(const struct store *store, uint64_t received) {
    const struct store_request *request = store->request;
    uint64_t all = request->size_is_rest ? received : store->kept + store->before + received;
    return received == request->size || all == request->size;
}

/* ---------------------------------------------------------------- publishing */

/* The right length and mode, and a name: btrfs does not sync what has none. */
static int complete(struct store *store) {
    mode_t mode = store->request->mode;
    off_t end = stage_end(store);
    int result = 0;
    if (store->old_size > end)
        result = stage_cut(store, end);
    else if (store->reserved > (uint64_t)end)
        (void)stage_cut(store, end); /* it is only room */
    if (result == 0 && mode != VALUE_NO_MODE && fchmod(store->fd, mode) < 0)
        result = -errno;
    return result < 0 ? result : publish_link_temp(store);
}

int store_sync(struct store *store) {
    int result = limits_check_room(store, 0);
    if (result < 0 || store->adds)
        return result; /* that is synced where it is added */
    result = complete(store);
    return result < 0 ? result : stage_sync(store);
}

/* A partial that could not be published is one again: without its last byte as every one, or, where
 * that would not fit, no longer than it was. */
static void go_back(struct store *store, bool fits) {
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

/* Gives the file its name, if the quota leaves room for it. */
static int publish_within(struct store *store, enum published *ret_published) {
    const struct amount none = {0};
    struct amount new, old;
    struct usage_change change;
    int result = limits_begin_change(store, &change);
    if (result == 0)
        result = limits_check_published(store, &change, &new, &old);
    if (result == 0)
        result = publish_file(store, ret_published);
    usage_end(change.usage, result == 0 ? new : none, result == 0 ? old : none);
    return result;
}

/* Takes it back. What that comes to is looked for where it is needed next. */
static void undo(struct store *store, enum published how) {
    (void)usage_begin(store->request->usage);
    publish_undo(store, how);
    usage_doubt(store->request->usage);
}

/* Gives the file its name, for good. */
static int publish(struct store *store) {
    enum published published = NOT_PUBLISHED;
    addition_clear(store->request->partial.root, store->fd);
    int result = stage_close(store);
    if (result == 0)
        result = publish_within(store, &published);
    if (result == 0 && !store->request->no_sync)
        result = path_sync_folder(store->folder, store->work);
    if (result < 0 && published != NOT_PUBLISHED)
        undo(store, published);
    else if (result == 0)
        publish_identify(store, &store->id);
    return result;
}

/* Adds the bytes to what has the name now: to the file itself, or to a copy that takes its place.
 * Where nothing has it, they are the file. */
static int add(struct store *store) {
    int result = -EBUSY;
    for (int i = 0; i < PUBLISH_TRIES && (result == -EBUSY || result == -ENOENT); i++) {
        enum extended how;
        result = extend(store, &how);
        if (result < 0 || how == EXTENDED)
            continue;
        result = complete(store);
        if (result == 0)
            result = stage_sync(store);
        if (result == 0)
            result = publish(store);
        extend_end(store, how);
        if (how == NOTHING_TO_EXTEND)
            break;
    }
    return result == -ENOENT ? -EBUSY : result;
}

/* What came of earlier uploads to that name is of no use any more. */
static void replace_partials(struct store *store) {
    const struct store_request *request = store->request;
    const struct partial *partial = &request->partial;
    struct usage_change change;
    (void)limits_begin_change(store, &change);
    int result = partial_remove(partial);
    if (result < 0 && result != -ENOENT) /* it would hide the file: tries again */
        (void)partial_remove(partial);
    usage_change_end(&change);
    turns_mark(request->turns, turn_kind_of_name(store->folder, store->name));
    if (request->blind)
        turns_mark(request->turns, turn_kind(partial->owner, partial->path));
}

static int publish_in_turn(struct store *store) {
    int result = store->adds ? add(store) : publish(store);
    if (result == 0)
        replace_partials(store);
    if (result < 0 && store->resumed && publish_is_ours(store, store->work, store->temp))
        go_back(store, result != -USAGE_EXCEEDED);
    return result;
}

int store_publish(struct store *store) {
    struct turn turn;
    int result = take_turn(store, &turn);
    store->may_add_in_place = turn.by_file;
    if (result == 0)
        result = publish_in_turn(store);
    else if (store->resumed)
        go_back(store, true);
    finish(store);
    turn_end(&turn);
    return result;
}

/* ---------------------------------------------------------------- keeping */

/* The owner must be able to open it again. */
static int make_writable(const struct store *store) {
    struct stat st;
    const mode_t needed = S_IRUSR | S_IWUSR;
    if (fstat(store->fd, &st) < 0)
        return -errno;
    bool good = (st.st_mode & needed) == needed;
    return good || fchmod(store->fd, (st.st_mode | needed) & 0777) == 0 ? 0 : -errno;
}

/* Would a client that asks for the size see something older than this upload? */
static bool hides_older(const struct store *store) {
    struct partial_found found;
    return (store->taken && !store->request->hidden) || find_partial(store, &found) == 0;
}

/* How long the partial is to be, or -ENODATA when there is to be none. */
static off_t length_to_keep(const struct store *store, bool good) {
    off_t end = stage_end(store);
    if (store->base != STORE_NOTHING)
        return -ENODATA;
    if (store->written == 0 && store->resumed)
        return store->old_size; /* nothing new came */
    off_t length = good && end > 0 ? end - 1 : (off_t)store->kept;
    return length > 0 || hides_older(store) ? length : -ENODATA;
}

/* Has something been published under the name since the upload began, be it there still or not?
 * Then it is void. What was only taken away hides nothing. */
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

/* What arrived gets a name and is synced, because after a power cut its length must tell how much
 * of it is good. */
static int prepare_to_keep(struct store *store, off_t length) {
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

static int keep_in_turn(struct store *store) {
    int result = is_void(store) ? -ENODATA : become_partial(store);
    bool unkept =
        result == -EXDEV /* on another file system than the root's */ || result == -USAGE_EXCEEDED;
    return unkept && hides_older(store) && mark_partial(store) == 0 ? -ENODATA : result;
}

int store_keep(struct store *store, bool good) {
    struct turn turn;
    turn_init(&turn);
    off_t length = length_to_keep(store, good);
    int result = length < 0 ? (int)length : prepare_to_keep(store, length);
    if (result == 0) {
        (void)take_turn(store, &turn); /* when we are to stop there may be none: see put_back */
        result = keep_in_turn(store);
    }
    finish(store);
    turn_end(&turn);
    return result;
}
