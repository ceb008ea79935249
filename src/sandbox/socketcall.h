/*
 * socketcall: i386 has one system call for everything about sockets, whose arguments are in memory,
 * where a filter does not see them. Its C library uses no other. So the filter turns it into
 * SIGSYS, and the handler here makes the call that it stands for, which the filter checks like any
 * other.
 */
#ifndef STORD_SOCKETCALL_H
#define STORD_SOCKETCALL_H

/* Installs that handler. Does nothing on other machines. Returns 0 or a negative errno. */
int socketcall_enter(void);

#endif
