/*
 * daily: what sessions do once a day, though none of them lasts and nothing else does: a mark in
 * the reserved folder, whose time is that of the last one who did it.
 */
#ifndef STORD_DAILY_H
#define STORD_DAILY_H

#include "base/path.h"

/* Is it more than a day since a session took that mark, and is it ours now? name: of a file in the
 * reserved folder, which begins with the reserved prefix. Returns 1, 0, or a negative errno if no
 * mark can be made. */
int daily_take(const struct path_root *root, const char *name);

#endif
