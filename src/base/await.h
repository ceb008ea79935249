/*
 * await: poll(2) for those who wait for descriptors alone: a signal in between ends no wait.
 */
#ifndef STORD_AWAIT_H
#define STORD_AWAIT_H

#include <poll.h>

/* As poll(2), but goes on after a signal, with the whole of timeout (ms; negative: no limit).
 * Returns how many descriptors have events, or -1 with errno, never EINTR. */
int await_poll(struct pollfd *fds, nfds_t n, int timeout);

#endif
