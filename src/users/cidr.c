#include "users/cidr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = INET6_ADDRSTRLEN + 4 };

/* The bytes of an address in network order. */
static const uint8_t *bytes_of(const union address *address) {
    return address->any.sa_family == AF_INET6 ? address->in6.sin6_addr.s6_addr
                                              : (const uint8_t *)&address->in.sin_addr;
}

static unsigned width_of(const union address *address) {
    return address->any.sa_family == AF_INET6 ? 128 : 32;
}

static uint8_t mask_of(unsigned bits, unsigned byte) {
    unsigned left = bits > 8 * byte ? bits - 8 * byte : 0;
    return (uint8_t)(left >= 8 ? 0xff : 0xff << (8 - left));
}

/* Reads the "24" of "192.0.2.0/24"; NULL: all bits. Returns 0 or -EINVAL. */
static int parse_bits(const char *text, unsigned most, unsigned *ret) {
    *ret = most;
    if (!text)
        return 0;
    unsigned bits = 0, digits = 0;
    for (; digits < 3 && text[digits] >= '0' && text[digits] <= '9'; digits++)
        bits = 10 * bits + (unsigned)(text[digits] - '0');
    if (digits == 0 || text[digits] || bits > most)
        return -EINVAL;
    *ret = bits;
    return 0;
}

/* IPv4 written as IPv6 becomes IPv4, as in struct peer. */
static void unmap(struct cidr *cidr) {
    const struct in6_addr *in6 = &cidr->address.in6.sin6_addr;
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (cidr->address.any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(in6) || cidr->bits < 96)
        return;
    memcpy(&in.sin_addr, &in6->s6_addr[12], sizeof(in.sin_addr));
    *cidr = (struct cidr){.address.in = in, .bits = cidr->bits - 96};
}

int cidr_parse(const char *text, size_t n, struct cidr *ret_cidr) {
    char copy[TEXT_SIZE];
    struct cidr cidr = {.address.any.sa_family = AF_INET};
    if (n >= sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    char *slash = strchr(copy, '/');
    if (slash)
        *slash++ = '\0';
    if (inet_pton(AF_INET, copy, &cidr.address.in.sin_addr) != 1) {
        cidr.address = (union address){.any.sa_family = AF_INET6};
        if (inet_pton(AF_INET6, copy, &cidr.address.in6.sin6_addr) != 1)
            return -EINVAL;
    }
    if (parse_bits(slash, width_of(&cidr.address), &cidr.bits) < 0)
        return -EINVAL;
    for (unsigned i = cidr.bits / 8; i < width_of(&cidr.address) / 8; i++) {
        if (bytes_of(&cidr.address)[i] & ~mask_of(cidr.bits, i))
            return -EINVAL;
    }
    unmap(&cidr);
    *ret_cidr = cidr;
    return 0;
}

bool cidr_has(const struct cidr *cidr, const union address *address) {
    if (address->any.sa_family != cidr->address.any.sa_family)
        return false;
    for (unsigned i = 0; i < width_of(address) / 8; i++) {
        if ((bytes_of(address)[i] ^ bytes_of(&cidr->address)[i]) & mask_of(cidr->bits, i))
            return false;
    }
    return true;
}
