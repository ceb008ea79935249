/*
 * outlet: the datagram socket by which a library logs. It opens that itself, keeps it to itself,
 * and would wait for ever for a daemon that does not read.
 */
#ifndef STORD_OUTLET_H
#define STORD_OUTLET_H

/* A socket that is ready to be written to (poll(2)) as long as the daemon at path reads. Nothing is
 * sent by it. -1: there is no daemon. */
int outlet_probe(const char *path);

/* Before the library opens its socket, which takes the lowest free descriptor: that one. */
int outlet_next(void);

/* After it: limits how long sending waits, to ms milliseconds, where fd is such a socket. Returns
 * fd, or -1 where it is none. */
int outlet_take(int fd, int ms);

/* Bytes that the daemon has not taken yet; 0 where that is not known, too. */
int outlet_unread(int fd);

#endif
