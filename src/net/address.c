#include "net/address.h"

bool address_is_inet(const union address *address) {
    return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

socklen_t address_length(const union address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof(address->in6) : sizeof(address->in);
}

void address_set_port(union address *address, unsigned port) {
    if (address->any.sa_family == AF_INET6)
        address->in6.sin6_port = htons((in_port_t)port);
    else
        address->in.sin_port = htons((in_port_t)port);
}

unsigned address_port(const union address *address) {
    return ntohs(address->any.sa_family == AF_INET6 ? address->in6.sin6_port
                                                    : address->in.sin_port);
}
