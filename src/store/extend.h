/*
 * extend: adds the bytes of an upload to the file that has its name (APPE, RFC 959 section 4.1.3).
 * A part of store, within its turn.
 *
 * The bytes have been received aside. They are added in place, in a way that can be taken back (see
 * addition), at a cost that does not grow with the file. Where that cannot be done, the file is
 * copied, and the longer copy takes its place: where nothing remembers durably what is to be taken
 * back, where the file must not be written to, where it has a second name, under which it is to
 * stay as it was; and where the settings ask for it.
 */
#ifndef STORD_EXTEND_H
#define STORD_EXTEND_H

#include <stdbool.h>

struct store;

enum extended {
    EXTENDED,         /* the bytes are part of the file, and on disk */
    EXTENDED_COPY,    /* store->fd is a copy with them, which is still to be published */
    NOTHING_TO_EXTEND /* nothing has the name: store->fd, which has the bytes, can be published */
};

/* May bytes be added to what has the name? Nothing is made yet. Returns 0 or a negative errno, as
 * store_begin. */
int extend_begin(struct store *store);

/* Returns 0 with *ret_how, or a negative errno with everything as it was: as store_publish, -EBUSY
 * when the name or the file has changed under our hands, and another try is worth while. */
int extend(struct store *store, enum extended *ret_how);

/* Behind what was published, or was not: the copy is done with. */
void extend_end(struct store *store, enum extended how);

#endif
