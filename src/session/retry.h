/*
 * retry: the last upload of a session that was interrupted and is kept, for the same client often
 * tries again at once. Pure.
 */
#ifndef STORD_RETRY_H
#define STORD_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/path.h"

struct retry {
    uint64_t lost;        /* bytes that had come of it */
    char path[PATH_SIZE]; /* what the client calls it, or "" */
};

/* There was none. */
void retry_reset(struct retry *retry);

/* Remembers one, of which so many bytes had come. */
void retry_note(struct retry *retry, const char *path, uint64_t lost);

/* The client begins anew with what it calls so. */
void retry_forget(struct retry *retry, const char *path);

/* Had more than so many bytes of it come? */
bool retry_had_more(const struct retry *retry, const char *path, uint64_t bytes);

#endif
