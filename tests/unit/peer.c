#include <string.h>

#include "net/peer.c"

#include "check.h"

static union address an_address(const char *text) {
    union address address = {.any.sa_family = AF_UNSPEC};
    if (inet_pton(AF_INET, text, &address.in.sin_addr) == 1)
        address.any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &address.in6.sin6_addr) == 1)
        address.any.sa_family = AF_INET6;
    return address;
}

static bool has_host(const struct peer *peer, const char *host) {
    char got[PEER_HOST_SIZE];
    peer_host(peer, got);
    if (strcmp(got, host) != 0)
        printf("# got \"%s\"\n", got);
    return strcmp(got, host) == 0;
}

static void hosts(void) {
    struct peer peer = {.kind = PEER_INET, .address = an_address("192.0.2.7"), .local = false};
    CHECK(has_host(&peer, "192.0.2.7"));
    peer.address = an_address("127.0.0.1");
    peer.local = true;
    CHECK(has_host(&peer, "127.0.0.1"));
    peer.address = an_address("2001:db8::1");
    CHECK(has_host(&peer, "2001:db8::1"));
    peer = (struct peer){.kind = PEER_UNIX, .local = true, .text = "a local socket"};
    CHECK(has_host(&peer, "localhost"));
    peer = (struct peer){.kind = PEER_OTHER, .text = "an unknown kind of socket"};
    CHECK(has_host(&peer, "unknown"));
}

static void senders(void) {
    const struct peer far = {.kind = PEER_INET, .address = an_address("192.0.2.7")},
                      near = {.kind = PEER_UNIX, .local = true};
    union address same = an_address("192.0.2.7"), mapped = an_address("::ffff:192.0.2.7"),
                  other = an_address("192.0.2.8"), loopback = an_address("127.3.2.1"),
                  loopback6 = an_address("::1");
    CHECK(peer_may_send(&far, &same));
    CHECK(peer_may_send(&far, &mapped));
    CHECK(!peer_may_send(&far, &other));
    CHECK(!peer_may_send(&far, &loopback));
    CHECK(peer_may_send(&near, &loopback));
    CHECK(peer_may_send(&near, &loopback6));
    CHECK(!peer_may_send(&near, &same));
}

int main(void) {
    check_run("unit: peer: hosts are one word", hosts);
    check_run("unit: peer: data connections are let in from the client's host alone", senders);
    return check_end();
}
