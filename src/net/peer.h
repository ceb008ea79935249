/*
 * peer: who is at the other end of the control connection.
 */
#ifndef STORD_PEER_H
#define STORD_PEER_H

#include <stdbool.h>

#include "net/address.h"

enum peer_kind {
    PEER_PIPE, /* no socket: a pipe, a file or a terminal */
    PEER_UNIX, /* an AF_UNIX socket or a socketpair */
    PEER_INET, /* IPv4 or IPv6 */
    PEER_OTHER /* any other family: never local */
};

enum { PEER_TEXT_SIZE = 80, PEER_HOST_SIZE = INET6_ADDRSTRLEN };

struct peer {
    enum peer_kind kind;
    bool relayed;              /* a super-server stands between, as its variables tell */
    bool local;                /* on this machine: pipe, AF_UNIX or loopback */
    union address address;     /* of the peer; AF_UNSPEC when it has none to compare */
    union address here;        /* our own end, for data connections; AF_UNSPEC likewise */
    char text[PEER_TEXT_SIZE]; /* for the log: "127.0.0.1:40000", "[::1]:40000", "a pipe" */
};

/* Finds out who is connected to fd. IPv4-mapped IPv6 addresses are turned into IPv4. Where fd is
 * no network socket, a super-server may relay (socat): its variables (SOCAT_PEERADDR,
 * TCPREMOTEIP, REMOTE_ADDR, REMOTE_HOST, NCAT_REMOTE_ADDR) then name the peer. They are believed
 * only to that extent, so that a relayed stranger is not taken for a local peer. Returns 0, or
 * -ENOTCONN when the peer has already gone, or another negative errno. */
int peer_identify(struct peer *ret_peer, int fd);

/* Tells whether a data connection from that address is this peer's: it comes from the same host,
 * or, where the peer has no address, from this machine. */
bool peer_may_send(const struct peer *peer, const union address *from);

/* The same host, whatever the ports? Both unmapped: IPv4 or IPv6. */
bool peer_same_host(const union address *a, const union address *b);

/* The client's host as one word: its address, "localhost" for a pipe or a local socket, or
 * "unknown".
 */
void peer_host(const struct peer *peer, char ret_host[PEER_HOST_SIZE]);

/* Writes "host:port" of an address. */
void peer_format(const union address *address, char text[PEER_TEXT_SIZE]);

#endif
