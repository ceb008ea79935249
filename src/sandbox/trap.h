/*
 * trap: names a forbidden system call in the log before the process ends. On i386 it also takes
 * apart the one call that the C library makes for everything about sockets.
 */
#ifndef STORD_TRAP_H
#define STORD_TRAP_H

#include <sys/syscall.h>

struct log;

/* Does the filter tell by a signal on this kind of machine, whatever the settings? */
#ifdef SYS_socketcall
#define TRAP_IS_NEEDED true
#else
#define TRAP_IS_NEEDED false
#endif

enum { TRAP_STATUS = 70 /* exit status then, EX_SOFTWARE */ };

/* From now on, if the filter tells by a signal (filter_facts.names, TRAP_IS_NEEDED). log must stay.
 * Returns 0 or a negative errno. */
int trap_enter(const struct log *log);

#endif
