/*
 * rlimits: whether the limits that the super-server has set (setrlimit(2)) are enough for a
 * session.
 */
#ifndef STORD_RLIMITS_H
#define STORD_RLIMITS_H

/* Raises low limits as far as allowed. Returns a complaint about one that is still too low, or
 * NULL. Uses next to no stack, because that may be too small. */
const char *rlimits_raise(void);

/* Refuses to serve before descriptors are put in order, because they may be too few: 421 to the
 * client, the complaint to the log. Returns the exit status. */
int rlimits_refuse(const char *complaint);

#endif
