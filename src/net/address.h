/*
 * address: a socket address.
 */
#ifndef STORD_ADDRESS_H
#define STORD_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

/* A socket address of whatever family `any.sa_family` says; AF_UNSPEC: none. */
union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_storage storage; /* room for the other families */
};

/* No address: AF_UNSPEC. */
#define ADDRESS_NONE ((union address){.any.sa_family = AF_UNSPEC})

/* Is it IPv4 or IPv6? */
bool address_is_inet(const union address *address);

/* Of an IPv4 or IPv6 address: its size for bind(2) in bytes, and its port. */
socklen_t address_length(const union address *address);
unsigned address_port(const union address *address);
void address_set_port(union address *address, unsigned port);

#endif
