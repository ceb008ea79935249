/*
 * after: what becomes of a source once the server has confirmed the file: --delete, --move-to.
 */
#ifndef STORD_CLIENT_AFTER_H
#define STORD_CLIENT_AFTER_H

#include <stdbool.h>

#include "client/failure.h"
#include "client/job.h"
#include "client/options.h"

/* Deletes or moves it, if that is asked for and it still is what was sent. False: see the
 * failure. */
bool after_sent(const struct options *options, const struct job *job, struct failure *failure);

/* Removes the folders of an outbox that have become empty, but not the outbox. Returns whether the
 * folder is gone, or may stay. */
bool after_folder(const struct options *options, const struct job *job);

#endif
