/*
 * batch: publishes several uploads together, so that they share the waits for the disk: README.md,
 * "Several uploads at once". Each has its own result.
 */
#ifndef STORD_BATCH_H
#define STORD_BATCH_H

#include <stdbool.h>

#include "store/flush.h"
#include "store/publish.h"
#include "store/turn.h"

struct store;

enum { BATCH_MOST = FLUSH_MOST };

/* One upload. */
struct batch_item {
    struct store *store; /* its bytes are whole; it adds to no file, and resumes nothing */
    int result;          /* filled in: 0 once it is stored, or a negative errno, as store_sync and
                          * store_publish */
    bool is_over;        /* filled in: the store is over, else it may be kept */
    struct turn turn;    /* of its name, while */
    enum published how;  /* it has got that, and */
    int synced;          /* its folder is synced */
};

/* Publishes `count` uploads, at most BATCH_MOST, in their order. */
void batch_publish(struct batch_item *items, unsigned count, struct flush *flush);

#endif
