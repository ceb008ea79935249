/*
 * retry: the last upload of a session that was interrupted and kept: the client often retries at
 * once. Pure.
 */
#ifndef STORD_RETRY_H
#define STORD_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/path.h"

struct retry {
    char path[PATH_SIZE]; /* its virtual path */
    uint64_t lost;        /* bytes that had come of it; 0: there is none */
};

/* There is none. */
void retry_reset(struct retry *retry);

/* Remembers one, of which so many bytes had come. */
void retry_note(struct retry *retry, const char *path, uint64_t lost);

/* The client starts over with that path: forgets it. */
void retry_forget(struct retry *retry, const char *path);

/* Is it of that path, and had more than so many bytes come? */
bool retry_had_more(const struct retry *retry, const char *path, uint64_t bytes);

#endif
