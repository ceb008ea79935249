#include "users/owner.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>

#include "net/peer.h"

static void put(char kind, const char *name, char ret_owner[OWNER_SIZE]) {
    size_t n = 0;
    ret_owner[n++] = kind;
    ret_owner[n++] = '.';
    for (const char *c = name; *c && n + 4 <= OWNER_SIZE; c++) {
        unsigned char byte = (unsigned char)*c;
        if (isalnum(byte) || byte == '-' || byte == '_')
            ret_owner[n++] = *c;
        else
            n += (size_t)snprintf(ret_owner + n, 4, "%%%02x", byte);
    }
    ret_owner[n] = '\0';
}

void owner_of_user(const char *name, char ret_owner[OWNER_SIZE]) {
    put('u', name, ret_owner);
}

void owner_of_peer(const struct peer *peer, char ret_owner[OWNER_SIZE]) {
    const union address *address = &peer->address;
    char host[INET6_ADDRSTRLEN];
    const char *text = peer->text;
    if (address->any.sa_family == AF_INET)
        text = inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof(host));
    else if (address->any.sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof(host));
    put('a', text, ret_owner);
}
