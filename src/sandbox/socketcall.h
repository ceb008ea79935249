/*
 * socketcall: i386 has one system call for everything about sockets, whose arguments are in memory,
 * where a filter does not see them. Its C library makes no other. So the filter lets it pass to
 * nobody but this, which makes the call that is meant: that one is in the table like any other.
 */
#ifndef STORD_SOCKETCALL_H
#define STORD_SOCKETCALL_H

/* From now on the signal that the filter sends for such a call is answered by making the one that
 * is meant. Does nothing on other machines. Returns 0 or a negative errno. */
int socketcall_enter(void);

#endif
