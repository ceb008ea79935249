/*
 * begin: finds out whether an upload may begin and with what, before anything is made for it. A
 * part of store.
 */
#ifndef STORD_BEGIN_H
#define STORD_BEGIN_H

struct store;

/* Begins the file, or resumes a partial: then store->resumed is set, even if this fails. Returns 0
 * or a negative errno, as store_begin. */
int begin_upload(struct store *store);

#endif
