#include "net/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

const char *lookup_ipv4(const char *name, struct in_addr *ret_address) {
    const struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int result = getaddrinfo(name, NULL, &wanted, &found);
    if (result != 0)
        return result == EAI_SYSTEM ? strerror(errno) : gai_strerror(result);
    struct sockaddr_in address;
    memcpy(&address, found->ai_addr, sizeof(address));
    freeaddrinfo(found);
    *ret_address = address.sin_addr;
    return NULL;
}
