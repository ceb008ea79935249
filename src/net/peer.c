#include "net/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unmap(union address *address) {
    if (address->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr))
        return;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = address->in6.sin6_port};
    memcpy(&in.sin_addr, &address->in6.sin6_addr.s6_addr[12], sizeof(in.sin_addr));
    *address = (union address){.in = in};
}

static bool is_loopback(const union address *address) {
    if (address->any.sa_family == AF_INET)
        return ntohl(address->in.sin_addr.s_addr) >> 24 == 127;
    return address->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

bool peer_same_host(const union address *a, const union address *b) {
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
    return a->any.sa_family == AF_INET6 && IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

bool peer_may_send(const struct peer *peer, const union address *from) {
    union address plain = *from;
    unmap(&plain);
    if (peer->address.any.sa_family != AF_INET && peer->address.any.sa_family != AF_INET6)
        return is_loopback(&plain);
    return peer_same_host(&peer->address, &plain);
}

void peer_format(const union address *address, char text[PEER_TEXT_SIZE]) {
    union address plain = *address;
    unmap(&plain);
    char host[INET6_ADDRSTRLEN] = "?";
    if (plain.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &plain.in6.sin6_addr, host, sizeof(host));
        (void)snprintf(text, PEER_TEXT_SIZE, "[%s]:%u", host, ntohs(plain.in6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &plain.in.sin_addr, host, sizeof(host));
        (void)snprintf(text, PEER_TEXT_SIZE, "%s:%u", host, ntohs(plain.in.sin_port));
    }
}

/* Reads an address, perhaps in brackets. Returns false if it is not one. */
static bool parse_address(const char *text, union address *ret) {
    char host[INET6_ADDRSTRLEN];
    size_t length = strlen(text);
    if (*text == '[' && length > 2 && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *ret = (union address){.in.sin_family = AF_INET};
    if (inet_pton(AF_INET, host, &ret->in.sin_addr) == 1)
        return true;
    *ret = (union address){.in6.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, host, &ret->in6.sin6_addr) != 1)
        return false;
    unmap(ret);
    return true;
}

/* A peer that a relay connects to us over a pipe or a socketpair. If a variable names a peer that
 * cannot be parsed, the peer is not local. */
static void adopt_relayed(struct peer *peer) {
    static const char *const names[] = {"SOCAT_PEERADDR", "TCPREMOTEIP", "REMOTE_ADDR",
                                        "REMOTE_HOST", "NCAT_REMOTE_ADDR"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        peer->relayed = true;
        if (i == 0 && strchr("</@", *value))
            continue; /* socat's name for an AF_UNIX peer: "<anon>" or a path */
        union address address;
        bool known = parse_address(value, &address);
        if (known)
            peer->address = address;
        peer->local = peer->local && known && is_loopback(&address);
        (void)snprintf(peer->text, sizeof(peer->text), "%.64s (relayed)", value);
    }
}

static void set_inet(struct peer *peer, int fd) {
    socklen_t length = sizeof(peer->here);
    (void)getsockname(fd, &peer->here.any, &length);
    unmap(&peer->address);
    unmap(&peer->here);
    peer->kind = PEER_INET;
    peer->local = is_loopback(&peer->address);
    peer_format(&peer->address, peer->text);
}

static void set_nameless(struct peer *peer, enum peer_kind kind, const char *text) {
    peer->kind = kind;
    peer->local = kind != PEER_OTHER;
    peer->address = (union address){.any.sa_family = AF_UNSPEC};
    (void)snprintf(peer->text, sizeof(peer->text), "%s", text);
    adopt_relayed(peer);
}

int peer_identify(struct peer *ret_peer, int fd) {
    struct peer peer = {0};
    socklen_t length = sizeof(peer.address);
    if (getpeername(fd, &peer.address.any, &length) < 0) {
        if (errno != ENOTSOCK)
            return -errno;
        set_nameless(&peer, PEER_PIPE, "a pipe");
    } else if (peer.address.any.sa_family == AF_INET || peer.address.any.sa_family == AF_INET6) {
        set_inet(&peer, fd);
    } else if (peer.address.any.sa_family == AF_UNIX) {
        set_nameless(&peer, PEER_UNIX, "a local socket");
    } else {
        set_nameless(&peer, PEER_OTHER, "an unknown kind of socket");
    }
    *ret_peer = peer;
    return 0;
}

void peer_host(const struct peer *peer, char ret_host[PEER_HOST_SIZE]) {
    const union address *address = &peer->address;
    (void)snprintf(ret_host, PEER_HOST_SIZE, "%s", peer->local ? "localhost" : "unknown");
    if (address->any.sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &address->in.sin_addr, ret_host, PEER_HOST_SIZE);
    else if (address->any.sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &address->in6.sin6_addr, ret_host, PEER_HOST_SIZE);
}
