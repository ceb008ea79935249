/*
 * near: which of the known words a misspelt one may mean.
 */
#ifndef STORD_NEAR_H
#define STORD_NEAR_H

#include <limits.h>
#include <stddef.h>

#define NEAR_NOT UINT_MAX

/* How far a word of n bytes is from a known one: the letters to be added, removed, changed or
 * exchanged with the next, or NEAR_NOT if it is another word. The first `common` bytes are the same
 * in both. A word that the known one contains, or that contains it, is near, too. */
unsigned near_distance(const char *word, size_t n, const char *known, size_t common);

#endif
