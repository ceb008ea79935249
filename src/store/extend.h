/*
 * extend: adds the bytes of an upload to the file that has its name (APPE, RFC 959 section 4.1.3).
 * A part of store, within its turn.
 *
 * The bytes have been received in a file of their own. They are added in place, in a way that can
 * be taken back (see addition), at a cost that does not grow with the file. The file is copied, and
 * the longer copy replaces it, if an addition cannot be remembered durably, if the file may not be
 * written to, if it has a second name, under which it must stay as it was, or if the settings ask
 * for it.
 */
#ifndef STORD_EXTEND_H
#define STORD_EXTEND_H

#include <stdbool.h>

struct store;

enum extended {
    EXTENDED,         /* the bytes are part of the file, and on disk */
    EXTENDED_COPY,    /* store->fd is a copy with them, still to be published */
    NOTHING_TO_EXTEND /* nothing has the name: store->fd, with the bytes, can be published */
};

/* May bytes be added to what has the name? Makes nothing. Returns 0 or a negative errno, as
 * store_begin. */
int extend_begin(struct store *store);

/* Adds the bytes. Returns 0 with *ret_how, or a negative errno with everything as it was: as
 * store_publish; -EBUSY if the name or the file has changed meanwhile: try again. */
int extend(struct store *store, enum extended *ret_how);

/* After publishing, or failing to: ends with the copy. */
void extend_end(struct store *store, enum extended how);

#endif
