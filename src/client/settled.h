/*
 * settled: whether somebody is still writing a file, which is then not to be sent yet.
 */
#ifndef STORD_CLIENT_SETTLED_H
#define STORD_CLIENT_SETTLED_H

#include <stdbool.h>

/* Tells whether nobody has a plain file open for writing (fcntl(2), F_SETLEASE). Where that cannot
 * be asked, as for the file of another user or on a network file system: whether it has not changed
 * for ten seconds. What cannot be opened counts as settled: sending it tells why. */
bool settled_is(const char *path);

#endif
