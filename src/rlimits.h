/*
 * rlimits: whether what the super-server lets a process use (setrlimit(2)) is enough for a session.
 */
#ifndef STORD_RLIMITS_H
#define STORD_RLIMITS_H

/* Raises what is low as far as we may. Returns what is too low nevertheless, to be told, or NULL.
 * Takes next to no stack, for that may be what lacks. */
const char *rlimits_raise(void);

/* Tells whoever is there, before descriptors are put in order, for those may lack: 421 to the
 * client, and the complaint to the log. Returns the exit status. */
int rlimits_refuse(const char *complaint);

#endif
