#include "net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    PLACE = 0x1000000, /* above what no process may map, below everything else */
    STEP = 0x100000,   /* to the next such place, up to DIAL_END */
    HEAD = 4           /* bytes of an address before the host: family and port */
};

_Static_assert(offsetof(struct sockaddr_in, sin_addr) == HEAD, "the host follows the port");
_Static_assert(offsetof(struct sockaddr_in6, sin6_flowinfo) == HEAD, "so does the label");

static socklen_t length_of(const union address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof(address->in6) : sizeof(address->in);
}

static in_port_t *port_of(struct sockaddr *address) {
    return &((struct sockaddr_in *)address)->sin_port;
}

/* Two pages at a place where nothing else is mapped. */
static char *map_pages(size_t page) {
    char *pages = MAP_FAILED;
    for (uintptr_t place = PLACE; pages == MAP_FAILED && place < DIAL_END - STEP; place += STEP)
        pages = mmap((void *)place, 2 * page, PROT_READ | PROT_WRITE, /* NOLINT */
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return pages;
}

int dial_open(struct dial *ret_dial, const struct peer *peer) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    union address host = peer->address;
    if (host.any.sa_family != AF_INET && host.any.sa_family != AF_INET6)
        host = (union address){
            .in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    char *pages = map_pages(page);
    if (pages == MAP_FAILED)
        return -errno;
    struct dial dial = {.address = (struct sockaddr *)(pages + page - HEAD),
                        .length = length_of(&host)};
    memcpy(dial.address, &host, dial.length);
    if (mprotect(pages + page, page, PROT_READ) < 0)
        return -errno;
    *ret_dial = dial;
    return 0;
}

bool dial_reaches(const struct dial *dial, const union address *address) {
    union address host = {0};
    if (!dial->address)
        return false;
    memcpy(&host, dial->address, dial->length);
    return peer_same_host(&host, address);
}

int dial_connect(const struct dial *dial, int fd, unsigned port) {
    if (!dial->address)
        return -ENETUNREACH;
    *port_of(dial->address) = htons((uint16_t)port);
    return connect(fd, dial->address, dial->length) < 0 ? -errno : 0;
}
