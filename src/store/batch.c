#include "store/batch.h"

#include "store/notice.h"
#include "store/store.h"

/* ---------------------------------------------------------------- their bytes */

/* Which file of an upload is to be synced; -1: none. */
typedef int which_file(const struct store *store);

static int bytes_of(const struct store *store) {
    return store->fd;
}

static int event_of(const struct store *store) {
    return store->request->notice ? store->request->notice->fd : -1;
}

/* Brings one file of each to the disk. */
static void sync_each(struct batch_item *items, unsigned count, struct flush *flush,
                      which_file *which) {
    unsigned where[BATCH_MOST], n = 0;
    int fds[BATCH_MOST] = {-1}, results[BATCH_MOST];
    for (unsigned i = 0; i < count; i++) {
        int fd = items[i].result < 0 ? -1 : which(items[i].store);
        if (fd < 0 || items[i].store->request->no_sync)
            continue;
        fds[n] = fd;
        where[n++] = i;
    }
    flush_files(flush, fds, results, n);
    for (unsigned i = 0; i < n; i++)
        items[where[i]].result = results[i];
}

/* The event of an upload could not be synced. */
static void note_untold(struct batch_item *item) {
    item->store->untold = item->result;
    item->result = -STORE_UNTOLD;
}

/* Writes the events, and brings them to the disk. */
static void announce(struct batch_item *items, unsigned count, struct flush *flush) {
    bool were_good[BATCH_MOST];
    for (unsigned i = 0; i < count; i++) {
        if (items[i].result == 0)
            items[i].result = store_announce(items[i].store, false);
        were_good[i] = items[i].result == 0;
    }
    sync_each(items, count, flush, event_of);
    for (unsigned i = 0; i < count; i++) {
        if (were_good[i] && items[i].result < 0)
            note_untold(&items[i]);
    }
}

/* Brings the bytes of all to the disk, and their events. */
static void sync_files(struct batch_item *items, unsigned count, struct flush *flush) {
    for (unsigned i = 0; i < count; i++) {
        items[i].result = store_prepare(items[i].store);
        items[i].is_over = false;
    }
    sync_each(items, count, flush, bytes_of);
    announce(items, count, flush);
}

/* ---------------------------------------------------------------- their names */

/* Takes the turn of the name. A session that has turns waits for no other, or two could wait for
 * each other. */
static int take_turn(struct batch_item *item, bool may_wait) {
    struct store *store = item->store;
    const char *name = store->request->name;
    return may_wait ? turn_take_one(&item->turn, store->request->turns, store->folder, name)
                    : turn_try_one(&item->turn, store->request->turns, store->folder, name);
}

/* Gives names to the first of them that can be named together. Returns how many these are. */
static unsigned name_some(struct batch_item *items, unsigned count) {
    bool may_wait = true;
    for (unsigned i = 0; i < count; i++) {
        struct batch_item *item = &items[i];
        turn_init(&item->turn);
        item->how = NOT_PUBLISHED;
        if (item->result < 0)
            continue;
        int result = take_turn(item, may_wait);
        if (result == -TURN_BUSY && !may_wait)
            return i;
        may_wait = false;
        item->is_over = true;
        item->result = result < 0 ? result : store_name(item->store, &item->how);
    }
    return count;
}

/* What is synced for all: the folder of events. */
struct common {
    bool is_done;
    int result;
};

/* Syncs the folder of events, once. *ret_also: that does for the folder of an item, too. */
static int sync_events(struct common *common, const struct store *store, bool *ret_also) {
    const struct notice *notice = store->request->notice;
    if (!notice)
        return 0;
    if (!common->is_done)
        common->result = notices_sync(notice->notices, store->folder, ret_also);
    else
        *ret_also = notices_reach(notice->notices, store->folder);
    common->is_done = true;
    return common->result;
}

/* Syncs the folder of an item, unless it was synced for one before it. */
static int sync_folder(const struct batch_item *items, unsigned at, struct common *common) {
    const struct store *store = items[at].store;
    bool also = false;
    if (store->request->no_sync)
        return 0;
    for (unsigned i = 0; i < at; i++) {
        if (items[i].how != NOT_PUBLISHED && items[i].store->folder == store->folder)
            return items[i].synced;
    }
    int result = sync_events(common, store, &also);
    return result < 0 || also ? result : path_sync_folder(store->folder, store->work);
}

/* What has been named stays so, once the folders are synced. */
static void settle(struct batch_item *items, unsigned count) {
    struct common common = {0};
    for (unsigned i = 0; i < count; i++) {
        if (items[i].how != NOT_PUBLISHED)
            items[i].synced = sync_folder(items, i, &common);
    }
    for (unsigned i = count; i-- > 0;) { /* the last first: it may have replaced another */
        struct batch_item *item = &items[i];
        if (item->is_over)
            item->result = store_settle(item->store, item->how,
                                        item->result < 0 ? item->result : item->synced);
    }
    for (unsigned i = 0; i < count; i++)
        turn_end(&items[i].turn);
}

void batch_publish(struct batch_item *items, unsigned count, struct flush *flush) {
    sync_files(items, count, flush);
    for (unsigned done = 0; done < count;) {
        unsigned some = name_some(items + done, count - done);
        settle(items + done, some);
        done += some;
    }
}
