/*
 * socketcall: i386 has one system call for everything about sockets, whose arguments are in memory,
 * where a filter does not see them. Its C library makes no other. So the filter lets it pass to
 * nobody but this, which makes the call that is meant: that one is in the table like any other.
 */
#ifndef STORD_SOCKETCALL_H
#define STORD_SOCKETCALL_H

#include <stdbool.h>

/* In a handler of SIGSYS: if that is the number of such a call, makes the one that is meant, and
 * has the interrupted one return its result. context: what the handler got. Returns whether it was.
 */
bool socketcall_answer(int number, void *context);

#endif
