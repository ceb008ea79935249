/*
 * peer: who is at the other end of the control connection.
 */
#ifndef STORD_PEER_H
#define STORD_PEER_H

#include <stdbool.h>

#include "net/address.h"

enum peer_kind {
    PEER_PIPE, /* not a socket: a pipe, a file or a terminal */
    PEER_UNIX, /* an AF_UNIX socket or a socketpair */
    PEER_INET, /* IPv4 or IPv6 */
    PEER_OTHER /* any other family: never local */
};

enum { PEER_TEXT_SIZE = 80, PEER_HOST_SIZE = INET6_ADDRSTRLEN };

struct peer {
    enum peer_kind kind;
    bool relayed;              /* a relay stands between, as its variables say */
    bool local;                /* on this machine: pipe, AF_UNIX or loopback */
    union address address;     /* of the peer; AF_UNSPEC if it has none */
    union address here;        /* our own end, for data connections; AF_UNSPEC if not known */
    char text[PEER_TEXT_SIZE]; /* for the log: "127.0.0.1:40000", "[::1]:40000", "a pipe" */
};

/* Finds out who is connected to fd. IPv4-mapped IPv6 addresses are turned into IPv4. If fd is not a
 * network socket, a relay (socat) may stand between: its variables (SOCAT_PEERADDR, TCPREMOTEIP,
 * REMOTE_ADDR, REMOTE_HOST, NCAT_REMOTE_ADDR) then name the peer. They can only make a peer less
 * local, so that a relayed stranger is not taken for a local peer. Returns 0, -ENOTCONN if the peer
 * has already gone, or another negative errno. */
int peer_identify(struct peer *ret_peer, int fd);

/* Tells whether a data connection from that address may be this peer's: it comes from the same host
 * or, if the peer has no address, from this machine. */
bool peer_may_send(const struct peer *peer, const union address *from);

/* Are they the same host? Ports do not count. Both: IPv4 or IPv6, not IPv4-mapped. */
bool peer_same_host(const union address *a, const union address *b);

/* The client's host as one word: its address, "localhost" for a pipe or a local socket, or
 * "unknown". */
void peer_host(const struct peer *peer, char ret_host[PEER_HOST_SIZE]);

/* Writes "host:port" of an address. */
void peer_format(const union address *address, char text[PEER_TEXT_SIZE]);

#endif
