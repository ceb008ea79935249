/*
 * landlock: limits the files that a process may open, and how (landlock(7)).
 */
#ifndef STORD_LANDLOCK_H
#define STORD_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The first version that allows to rename files from one folder to another. */
enum { LANDLOCK_LEAST = 2 };

/* A folder and what may be done beneath it. */
struct landlock_rule {
    int fd;         /* the folder; -1: none */
    uint64_t files; /* bits of LANDLOCK_ACCESS_FS_... */
};

/* What else it takes away. */
enum landlock_extra {
    LANDLOCK_NO_TCP = 1 << 0,    /* ports to listen on or to connect to */
    LANDLOCK_NO_SIGNALS = 1 << 1 /* signals to processes that are not confined so */
};

/* The kernel's version, or 0 if it has none. */
int landlock_version(void);

/* What a session with these rights (bits of enum right) must be able to do with files. */
uint64_t landlock_files(unsigned rights);

/* The same for the counts of quotas. */
uint64_t landlock_count_files(void);

/* For the folders of events (--events). */
uint64_t landlock_notice_files(void);

/* Can files still be emptied that may not be written, because the kernel cannot forbid that? */
bool landlock_leaves_truncation(uint64_t files);

/* Takes away from the process, for good, all access to files except that of the rules (what was
 * taken before stays away). extra: bits of enum landlock_extra, used as far as the kernel knows
 * them. Returns 0, -EOPNOTSUPP if the kernel's version is too low, or another negative errno. */
int landlock_enter(const struct landlock_rule *rules, unsigned count, unsigned extra);

#endif
