/*
 * trap: names a forbidden system call in the log before the process ends.
 */
#ifndef STORD_TRAP_H
#define STORD_TRAP_H

struct log;

enum { TRAP_STATUS = 70 /* exit status then, EX_SOFTWARE */ };

/* From now on, if the filter tells by a signal (filter_facts.names). log must stay. Returns 0 or a
 * negative errno. */
int trap_enter(const struct log *log);

#endif
