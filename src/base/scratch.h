/*
 * scratch: memory for what is put together, used and forgotten at once. It is one place, which
 * everybody uses from its beginning, so that few pages are ever written to: a session that is idle
 * keeps those. What is made at the process's start may be left there to its end.
 */
#ifndef STORD_SCRATCH_H
#define STORD_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_SIZE = 192 << 10 };

/* Lends n bytes, not cleared. Ends the process if so many are not left: what is taken at once is
 * known when this is built. */
void *scratch_take(size_t n);

/* Of the last loan, only the first n bytes are still needed. */
void scratch_keep(void *loan, size_t n);

/* Takes back a loan, and all that were made after it. */
void scratch_give(void *loan);

#endif
