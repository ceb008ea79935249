/*
 * dial: connects to the client only.
 *
 * The client's address lies in memory that can no longer be written, and the filter of system calls
 * (src/sandbox/calls.c) lets connect(2) pass with that address only. The port, which the client
 * chooses, comes before the host in the address, and lies in the page before, which can be written.
 */
#ifndef STORD_DIAL_H
#define STORD_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/peer.h"

/* Below this only that address is mapped, and the session may change no mapping there. */
#define DIAL_END UINT64_C(0x2000000)

struct dial {
    struct sockaddr *address; /* where it is; NULL: no connections */
    socklen_t length;
};

/* Fixes the address: the client's, or 127.0.0.1 if it has none. Returns 0 or a negative errno. */
int dial_open(struct dial *ret_dial, const struct peer *peer);

/* Can that host be connected to? */
bool dial_reaches(const struct dial *dial, const union address *address);

/* Connects a socket to that port of the host, as connect(2). Returns 0 or a negative errno. */
int dial_connect(const struct dial *dial, int fd, unsigned port);

#endif
