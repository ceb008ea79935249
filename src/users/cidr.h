/*
 * cidr: ranges of addresses, as in 192.0.2.0/24 and 2001:db8::/32 (RFC 4632, RFC 4291). Pure.
 */
#ifndef STORD_CIDR_H
#define STORD_CIDR_H

#include <stdbool.h>
#include <stddef.h>

#include "net/peer.h"

struct cidr {
    union address address; /* AF_INET or AF_INET6 */
    unsigned bits;         /* that count */
};

/* Reads n bytes of text. An address without "/" is that address only. Returns 0, or -EINVAL if it
 * is not a range, or bits after those that count are set. IPv4 written as IPv6 becomes IPv4. */
int cidr_parse(const char *text, size_t n, struct cidr *ret_cidr);

/* Is that address in the range? */
bool cidr_has(const struct cidr *cidr, const union address *address);

#endif
