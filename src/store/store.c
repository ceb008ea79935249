#include "store/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/begin.h"
#include "store/extend.h"
#include "store/limits.h"
#include "store/notice.h"
#include "store/publish.h"
#include "store/resume.h"
#include "store/stage.h"

enum { PUBLISH_TRIES = 16 /* when others change the file or the home, too */ };

/* ---------------------------------------------------------------- beginning and end */

static void close_folders(const struct store *store) {
    if (store->work >= 0 && store->work != store->folder)
        (void)close(store->work);
    (void)close(store->folder);
}

static void finish(struct store *store) {
    notice_drop(store->request->notice);
    turns_end_flight(store->request->turns, store->flight);
    stage_drop(store);
    if (store->lent)
        places_return(store->request->places);
    else
        close_folders(store);
    store->work = store->folder = -1;
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
    store->lent = places_lend(request->places, &store->folder, &store->work);
    int result = begin_upload(store);
    if (result < 0) {
        if (store->resumed)
            resume_put_back(store);
        finish(store);
    }
    return result;
}

void store_abort(struct store *store) {
    finish(store);
}

/* ---------------------------------------------------------------- the bytes */

/* A copy_check: others may fill the disk, too. */
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

/* Sets length and mode, and gives it a name: btrfs does not sync a file without one. */
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

int store_prepare(struct store *store) {
    int result = limits_check_complete(store);
    if (result < 0 || store->adds)
        return result; /* these bytes are synced when they are added */
    return complete(store);
}

int store_sync(struct store *store) {
    return store->adds ? 0 : stage_sync(store);
}

int store_announce(struct store *store, bool sync) {
    const struct store_request *request = store->request;
    struct stat st;
    if (!request->notice)
        return 0;
    bool adds = store->adds && fstatat(store->folder, request->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    int result = adds || fstat(store->fd, &st) == 0 ? 0 : -errno;
    uint64_t size = (adds ? (uint64_t)st.st_size : store->kept) + store->written;
    if (result == 0)
        result = notice_write(request->notice, request->name, st.st_ino, size);
    if (result == 0 && sync)
        result = notice_sync(request->notice);
    store->untold = result;
    return result < 0 ? -STORE_UNTOLD : 0;
}

bool store_replaces(const struct store *store) {
    return store->taken && (store->adds || store->on_conflict == CONFLICT_REPLACE);
}

/* Gives the file its name, if the quota leaves room for it. */
static int publish_if_it_fits(struct store *store, enum published *ret_published) {
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

/* The same. Others may have published meanwhile; old files go for that as well. */
static int publish_within(struct store *store, enum published *ret_published) {
    int result = publish_if_it_fits(store, ret_published);
    for (int i = 0; i < PUBLISH_TRIES && result == -USAGE_EXCEEDED; i++) {
        if (!limits_make_room(store, result))
            break;
        result = publish_if_it_fits(store, ret_published);
    }
    return result;
}

/* Takes the name back. The usage is recounted when it is needed next. */
static void undo(struct store *store, enum published how) {
    (void)usage_begin(store->request->usage);
    publish_undo(store, how);
    usage_doubt(store->request->usage);
}

int store_name(struct store *store, enum published *ret_how) {
    *ret_how = NOT_PUBLISHED;
    struct stat st;
    if (store->request->summed && fstat(store->fd, &st) == 0)
        store->changed = st.st_mtim;
    if (path_identify_open(store->fd, &store->id) == 0)
        addition_clear(store->request->partial.root, store->fd, &store->id);
    int result = stage_close(store);
    if (result == 0)
        result = publish_within(store, ret_how);
    return result == 0 ? notice_show(store->request->notice) : result;
}

/* The folder has been synced, with that result. */
static int settle(struct store *store, enum published how, int result) {
    if (result < 0 && how != NOT_PUBLISHED)
        undo(store, how);
    else if (result == 0)
        publish_identify(store, &store->id);
    if (result == 0)
        notice_end(store->request->notice);
    return result;
}

/* Brings the new name to the disk, and with it the event. */
static int sync_name(const struct store *store) {
    const struct notice *notice = store->request->notice;
    bool also = false;
    if (store->request->no_sync)
        return 0;
    int result = notice ? notices_sync(notice->notices, store->folder, &also) : 0;
    return result < 0 || also ? result : path_sync_folder(store->folder, store->work);
}

/* Gives the file its name, for good. */
static int publish(struct store *store) {
    enum published how;
    int result = store_name(store, &how);
    if (result == 0)
        result = sync_name(store);
    return settle(store, how, result);
}

/* Have others changed the file, or old files made room? */
static bool may_try_again(struct store *store, int result) {
    return result == -EBUSY || result == -ENOENT || limits_make_room(store, result);
}

/* Adds the bytes to what has the name now: to the file itself, or to a copy that replaces it. If
 * nothing has the name, they are the file. */
static int add(struct store *store) {
    int result = -EBUSY;
    for (int i = 0; i < PUBLISH_TRIES && may_try_again(store, result); i++) {
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

/* Within the turn: it is published, or is not. */
static void follow(struct store *store, int result) {
    if (result == 0)
        resume_replace(store);
    if (result < 0 && store->resumed && publish_is_ours(store, store->work, store->temp))
        resume_go_back(store, result != -USAGE_EXCEEDED);
}

int store_settle(struct store *store, enum published how, int result) {
    result = settle(store, how, result);
    follow(store, result);
    finish(store);
    return result;
}

int store_publish(struct store *store) {
    struct turn turn;
    int result = turn_take_one(&turn, store->request->turns, store->folder, store->request->name);
    store->may_add_in_place = turn.by_file;
    if (result == 0) {
        result = store->adds ? add(store) : publish(store);
        follow(store, result);
    } else if (store->resumed) {
        resume_go_back(store, true);
    }
    finish(store);
    turn_end(&turn);
    return result;
}

/* ---------------------------------------------------------------- keeping */

int store_keep(struct store *store, bool good) {
    struct turn turn;
    turn_init(&turn);
    int result = resume_prepare(store, good);
    if (result == 0) {
        (void)turn_take_one(
            &turn, store->request->turns, store->folder,
            store->request->name); /* if we are to stop there may be none: see resume */
        result = resume_keep(store);
    }
    finish(store);
    turn_end(&turn);
    return result;
}
