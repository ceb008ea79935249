/*
 * landlock: which files a process may still open, and how (landlock(7)).
 */
#ifndef STORD_LANDLOCK_H
#define STORD_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The first version by which files can be renamed from one folder to another. */
enum { LANDLOCK_LEAST = 2 };

/* A folder and what may be done with all that is beneath it. */
struct landlock_rule {
    int fd;         /* the folder; -1: none */
    uint64_t files; /* bits of LANDLOCK_ACCESS_FS_... */
};

/* What else it takes away. */
enum landlock_extra {
    LANDLOCK_NO_TCP = 1 << 0,    /* ports to listen on or to connect to */
    LANDLOCK_NO_SIGNALS = 1 << 1 /* signals to processes that are not confined so */
};

/* The version that the kernel has, or 0 where it has none. */
int landlock_version(void);

/* What a session must be able to do with files, whose user may do `rights` (enum right). */
uint64_t landlock_files(unsigned rights);

/* What the count of a quota must allow. */
uint64_t landlock_count_files(void);

/* May files be emptied that may not be written? Where the kernel cannot forbid that. */
bool landlock_leaves_truncation(uint64_t files);

/* Takes away from the process everything about files but what the rules say; for good, and on top
 * of what was taken away before. extra: bits of enum landlock_extra, as far as the kernel knows
 * them. Returns 0 or a negative errno. */
int landlock_enter(const struct landlock_rule *rules, unsigned count, unsigned extra);

#endif
