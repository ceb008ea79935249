/*
 * lookup: the address of a host by its name. The only user of getaddrinfo(3), which reads files and
 * asks other machines: before a session is confined.
 */
#ifndef STORD_LOOKUP_H
#define STORD_LOOKUP_H

#include <netinet/in.h>

/* Finds the first IPv4 address of a host. Returns NULL, or why it has none. */
const char *lookup_ipv4(const char *name, struct in_addr *ret_address);

#endif
