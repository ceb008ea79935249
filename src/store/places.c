#include "store/places.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

void places_init(struct places *places) {
    places->count = places->users = 0;
}

bool places_lend(struct places *places, int *folder, int *ret_work) {
    struct stat st;
    if (places->count == 0 || fstat(*folder, &st) < 0)
        return false;
    for (unsigned i = 0; i < places->count; i++) {
        const struct places_row *row = &places->rows[i];
        if (row->inode != st.st_ino || row->device != st.st_dev)
            continue;
        (void)close(*folder);
        *folder = row->folder;
        *ret_work = row->work;
        places->users++;
        return true;
    }
    return false;
}

void places_take(struct places *places, struct store *store) {
    struct stat st;
    if (store->lent || places->count == PLACES_MOST || fstat(store->folder, &st) < 0)
        return;
    places->rows[places->count++] = (struct places_row){
        .device = st.st_dev, .inode = st.st_ino, .folder = store->folder, .work = store->work};
    store->lent = true;
    places->users++;
}

void places_return(struct places *places) {
    if (--places->users > 0)
        return;
    for (unsigned i = 0; i < places->count; i++) {
        const struct places_row *row = &places->rows[i];
        if (row->work != row->folder)
            (void)close(row->work);
        (void)close(row->folder);
    }
    places->count = 0;
}
