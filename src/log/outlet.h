/*
 * outlet: the datagram socket by which a library logs. It opens that itself, keeps it to itself,
 * and would wait for ever for a daemon that does not read.
 */
#ifndef STORD_OUTLET_H
#define STORD_OUTLET_H

/* A socket that is ready to be written to (poll(2)) as long as the daemon at path reads. -1: there
 * is no daemon. */
int outlet_probe(const char *path);

/* Sends a datagram of no bytes by it. Once the daemon has taken that, which outlet_unread tells, it
 * is through with all that was sent before. */
void outlet_mark(int fd);

/* Bytes sent by that socket that the daemon has not taken yet, more than none for a mark; 0 where
 * that is not known, too. */
int outlet_unread(int fd);

/* Before the library opens its socket, which takes the lowest free descriptor: that one. */
int outlet_next(void);

/* After it: limits how long sending waits, to ms milliseconds, where fd is such a socket. Returns
 * fd, or -1 where it is none. */
int outlet_take(int fd, int ms);

#endif
