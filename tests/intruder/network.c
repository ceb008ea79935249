/*
 * Attempts on the network. An argument is "HOST PORT", of a host that is not the client's; for
 * those that begin with sealed, the address that the filter lets pass is changed to it first.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "intruder.h"
#include "session/session.h"

static struct sockaddr_in address_of(const char *argument) {
    char host[64];
    struct sockaddr_in address = {.sin_family = AF_INET};
    size_t n = strcspn(argument, " ");
    (void)snprintf(host, sizeof(host), "%.*s", (int)n, argument);
    (void)inet_pton(AF_INET, host, &address.sin_addr);
    address.sin_port = htons((uint16_t)atoi(argument + n));
    return address;
}

static int new_socket(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}

#define TRY_SOCKET(name, ...)                                                                      \
    static int try_socket_##name(struct session *session, const char *argument) {                  \
        (void)session, (void)argument;                                                             \
        return TRY(socket(__VA_ARGS__));                                                           \
    }
TRY_SOCKET(tcp, AF_INET, SOCK_STREAM, 0)
TRY_SOCKET(tcp6, AF_INET6, SOCK_STREAM, 0)
TRY_SOCKET(unix, AF_UNIX, SOCK_STREAM, 0)
TRY_SOCKET(datagram, AF_UNIX, SOCK_DGRAM, 0)
TRY_SOCKET(netlink, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
TRY_SOCKET(packet, AF_PACKET, SOCK_RAW, 0)
TRY_SOCKET(udp, AF_INET, SOCK_DGRAM, 0)
TRY_SOCKET(udp6, AF_INET6, SOCK_DGRAM, 0)
TRY_SOCKET(raw, AF_INET, SOCK_RAW, IPPROTO_TCP)
TRY_SOCKET(mptcp, AF_INET, SOCK_STREAM, 262)

static int try_socketpair(struct session *session, const char *argument) {
    int pair[2];
    (void)session, (void)argument;
    return TRY(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int try_connect(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    (void)session;
    int fd = new_socket();
    return fd < 0 ? -errno : TRY(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* Which makes a connection, without connect(2) */
static int try_fastopen(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    (void)session;
    int fd = new_socket();
    return fd < 0 ? -errno
                  : TRY(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&address,
                               sizeof(address)));
}

static int try_fastopen_message(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    struct iovec byte = {"x", 1};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &byte, .msg_iovlen = 1};
    (void)session;
    int fd = new_socket();
    return fd < 0 ? -errno : TRY(sendmsg(fd, &message, MSG_FASTOPEN));
}

static int try_fastopen_messages(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    struct iovec byte = {"x", 1};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address,
                                          .msg_namelen = sizeof(address),
                                          .msg_iov = &byte,
                                          .msg_iovlen = 1}};
    (void)session;
    int fd = new_socket();
    return fd < 0 ? -errno : TRY(sendmmsg(fd, &message, 1, MSG_FASTOPEN));
}

/* What is allowed: a port of the client's host */
static int try_sealed(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    const struct dial *dial = session->given->dial;
    int fd = socket(dial->address ? dial->address->sa_family : AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? -errno : dial_connect(dial, fd, ntohs(address.sin_port));
}

static char *page_of(const struct session *session) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (char *)((uintptr_t)session->given->dial->address & ~(page - 1)); /* NOLINT */
}

/* Writes it where the address is, when that has become possible. */
static int change(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    memcpy(session->given->dial->address, &address, sizeof(address));
    int fd = new_socket();
    if (fd < 0 || connect(fd, session->given->dial->address, session->given->dial->length) < 0)
        return -errno;
    return 0;
}

static int try_sealed_write(struct session *session, const char *argument) {
    return change(session, argument);
}

/* By the kernel, which could write where we cannot */
static int try_sealed_read(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    int fd = openat(session->who.top.fd, ".", O_TMPFILE | O_RDWR, 0600);
    if (fd < 0 || pwrite(fd, &address, sizeof(address), 0) < 0)
        return -errno;
    if (pread(fd, session->given->dial->address, sizeof(address), 0) < (ssize_t)sizeof(address))
        return -EFAULT; /* the port alone */
    return change(session, argument);
}

static int try_sealed_mprotect(struct session *session, const char *argument) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int result = TRY(mprotect(page_of(session), 2 * page, PROT_READ | PROT_WRITE));
    return result < 0 ? result : change(session, argument);
}

static int map_at(struct session *session, char *place, size_t length, const char *argument) {
    void *pages = mmap(place, length, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? -errno : change(session, argument);
}

static int try_sealed_mmap(struct session *session, const char *argument) {
    return map_at(session, page_of(session), 2 * (size_t)sysconf(_SC_PAGESIZE), argument);
}

/* From the very bottom: with no address at all */
static int try_sealed_mmap_null(struct session *session, const char *argument) {
    size_t end = (uintptr_t)page_of(session) + 2 * (size_t)sysconf(_SC_PAGESIZE);
    return map_at(session, NULL, end, argument);
}

static int try_sealed_munmap(struct session *session, const char *argument) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int result = TRY(munmap(page_of(session), 2 * page));
    return result < 0 ? result : map_at(session, page_of(session), 2 * page, argument);
}

static int try_sealed_mremap(struct session *session, const char *argument) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return -errno;
    void *moved =
        mremap(pages, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, page_of(session));
    return moved == MAP_FAILED ? -errno : change(session, argument);
}

static int try_sealed_mremap_away(struct session *session, const char *argument) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *moved = mremap(page_of(session) + page, page, 2 * page, MREMAP_MAYMOVE);
    (void)argument;
    return moved == MAP_FAILED ? -errno : 0;
}

/* The page would be made anew, with nothing in it: an address of this machine. */
static int try_sealed_madvise(struct session *session, const char *argument) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)argument;
    int result = TRY(madvise(page_of(session), 2 * page, MADV_DONTNEED));
    const struct sockaddr_in *sealed = (struct sockaddr_in *)(void *)session->given->dial->address;
    return result < 0 ? result : sealed->sin_addr.s_addr == 0 ? 0 : -EADDRNOTAVAIL;
}

/* As long as another kind of address, of which more could be written */
static int try_sealed_longer(struct session *session, const char *argument) {
    int result = try_sealed(session, argument), fd = new_socket(); /* which sets the port */
    return fd < 0 || result < 0
               ? -EBADF
               : TRY(connect(fd, session->given->dial->address, sizeof(struct sockaddr_storage)));
}

/* The family stands in the page that can be written. */
static int try_sealed_family(struct session *session, const char *argument) {
    (void)argument;
    session->given->dial->address->sa_family = AF_UNIX;
    int fd = new_socket();
    return fd < 0 ? -errno
                  : TRY(connect(fd, session->given->dial->address, session->given->dial->length));
}

/* What is there already: the control connection, or whatever it is */
static int try_bind(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    (void)session;
    return TRY(bind(DESCRIPTOR_IN, (struct sockaddr *)&address, sizeof(address)));
}

static int try_listen(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return TRY(listen(DESCRIPTOR_IN, 1));
}

static int try_accept(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return TRY(accept4(DESCRIPTOR_IN, NULL, NULL, 0));
}

static int try_connect_again(struct session *session, const char *argument) {
    struct sockaddr_in address = address_of(argument);
    (void)session;
    return TRY(connect(DESCRIPTOR_IN, (struct sockaddr *)&address, sizeof(address)));
}

const struct attempt network_attempts[] = {{"socket-tcp", try_socket_tcp},
                                           {"socket-tcp6", try_socket_tcp6},
                                           {"socket-unix", try_socket_unix},
                                           {"socket-datagram", try_socket_datagram},
                                           {"socket-netlink", try_socket_netlink},
                                           {"socket-packet", try_socket_packet},
                                           {"socket-udp", try_socket_udp},
                                           {"socket-udp6", try_socket_udp6},
                                           {"socket-raw", try_socket_raw},
                                           {"socket-mptcp", try_socket_mptcp},
                                           {"socketpair", try_socketpair},
                                           {"connect", try_connect},
                                           {"connect-again", try_connect_again},
                                           {"bind", try_bind},
                                           {"listen", try_listen},
                                           {"accept", try_accept},
                                           {"fastopen", try_fastopen},
                                           {"fastopen-message", try_fastopen_message},
                                           {"fastopen-messages", try_fastopen_messages},
                                           {"sealed", try_sealed},
                                           {"sealed-write", try_sealed_write},
                                           {"sealed-read", try_sealed_read},
                                           {"sealed-mprotect", try_sealed_mprotect},
                                           {"sealed-mmap", try_sealed_mmap},
                                           {"sealed-mmap-null", try_sealed_mmap_null},
                                           {"sealed-munmap", try_sealed_munmap},
                                           {"sealed-mremap", try_sealed_mremap},
                                           {"sealed-mremap-away", try_sealed_mremap_away},
                                           {"sealed-madvise", try_sealed_madvise},
                                           {"sealed-longer", try_sealed_longer},
                                           {"sealed-family", try_sealed_family},
                                           {NULL, NULL}};
