#include "store/batch.h"

#include "store/store.h"

/* ---------------------------------------------------------------- their bytes */

/* Brings the bytes of all to the disk. */
static void sync_files(struct batch_item *items, unsigned count, struct flush *flush) {
    unsigned where[BATCH_MOST], n = 0;
    int fds[BATCH_MOST] = {-1}, results[BATCH_MOST];
    for (unsigned i = 0; i < count; i++) {
        items[i].result = store_prepare(items[i].store);
        items[i].is_over = false;
        if (items[i].result < 0 || items[i].store->request->no_sync)
            continue;
        fds[n] = items[i].store->fd;
        where[n++] = i;
    }
    flush_files(flush, fds, results, n);
    for (unsigned i = 0; i < n; i++)
        items[where[i]].result = results[i];
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

/* Syncs the folder of an item, unless it was synced for one before it. */
static int sync_folder(const struct batch_item *items, unsigned at) {
    const struct store *store = items[at].store;
    if (store->request->no_sync)
        return 0;
    for (unsigned i = 0; i < at; i++) {
        if (items[i].how != NOT_PUBLISHED && items[i].store->folder == store->folder)
            return items[i].synced;
    }
    return path_sync_folder(store->folder, store->work);
}

/* What has been named stays so, once the folders are synced. */
static void settle(struct batch_item *items, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (items[i].how != NOT_PUBLISHED)
            items[i].synced = sync_folder(items, i);
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
