/*
 * outlet: the datagram socket through which a library logs. The library opens it, gives no access
 * to it, and would wait for ever for a daemon that does not read.
 */
#ifndef STORD_OUTLET_H
#define STORD_OUTLET_H

/* Returns a socket that is writable (poll(2)) as long as the daemon at path reads, or -1 if there
 * is no daemon. */
int outlet_probe(const char *path);

/* Sends an empty datagram. Once the daemon has read it (see outlet_unread), it has read all that
 * was sent before. */
void outlet_mark(int fd);

/* Bytes sent through that socket that the daemon has not read yet, above 0 for a mark; 0 also if
 * that is not known. */
int outlet_unread(int fd);

/* Before the library opens its socket: the lowest free descriptor, which the socket will get. */
int outlet_next(void);

/* After it: limits how long sending waits to ms milliseconds. Returns fd, or -1 if fd is not such a
 * socket. */
int outlet_take(int fd, int ms);

#endif
