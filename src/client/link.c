#include "client/link.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/program.h"

bool link_bind(struct link *link, const char *address) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address, NULL, &hints, &found) != 0)
        return false;
    memcpy(&link->rules.from, found->ai_addr, found->ai_addrlen);
    link->rules.from_size = found->ai_addrlen;
    link->family = found->ai_family;
    freeaddrinfo(found);
    return true;
}

static int open_program(const struct link *link, const char *port, struct conn *ret_conn) {
    int fd = program_start(link->program, link->host, port);
    outgoing_adopt(ret_conn, fd < 0 ? -1 : fd);
    return fd < 0 ? fd : 0;
}

/* Why a host's address was not found. A name server that does not answer may do so later. */
static void explain_host(struct failure *failure, int error) {
    if (error == EAI_SERVICE)
        failure_set(failure, EX_USAGE, "the port has no such name");
    else
        failure_set(failure, EX_NOHOST, "%s", gai_strerror(error));
    failure->passing = error == EAI_AGAIN;
}

static int open_first(const struct link *link, const struct addrinfo *found,
                      struct conn *ret_conn) {
    int result = -ENOENT;
    for (const struct addrinfo *one = found; one && result < 0; one = one->ai_next)
        result = outgoing_open(ret_conn, &link->rules, one->ai_addr, one->ai_addrlen);
    return result;
}

bool link_open(const struct link *link, struct conn *ret_conn, struct failure *failure) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = link->family};
    struct addrinfo *found = NULL;
    int result;
    if (link->program) {
        result = open_program(link, link->port, ret_conn);
    } else {
        int error = getaddrinfo(link->host, link->port, &hints, &found);
        if (error != 0) {
            explain_host(failure, error);
            return false;
        }
        result = open_first(link, found, ret_conn);
        freeaddrinfo(found);
    }
    if (result < 0)
        failure_set(failure, EX_UNAVAILABLE, "cannot connect: %s", strerror(-result));
    return result == 0;
}

bool link_has_data(const struct link *link) {
    return !link->program || program_takes_port(link->program);
}

static int get_server(const struct conn *control, union address *ret, socklen_t *ret_size) {
    *ret = (union address){.any.sa_family = AF_UNSPEC};
    *ret_size = sizeof(*ret);
    return getpeername(control->in, &ret->any, ret_size) < 0 ? -errno : 0;
}

int link_open_port(const struct link *link, const struct conn *control, int port,
                   struct conn *ret_conn) {
    union address server;
    socklen_t size;
    char text[16];
    (void)snprintf(text, sizeof(text), "%d", port);
    if (link->program)
        return open_program(link, text, ret_conn);
    int result = get_server(control, &server, &size);
    if (result < 0)
        return result;
    if (server.any.sa_family == AF_INET6)
        server.in6.sin6_port = htons((in_port_t)port);
    else
        server.in.sin_port = htons((in_port_t)port);
    return outgoing_open(ret_conn, &link->rules, &server.any, size);
}

int link_listen(const struct conn *control, struct conn *ret_conn, union address *ret_address) {
    socklen_t size = sizeof(*ret_address);
    *ret_address = (union address){.any.sa_family = AF_UNSPEC};
    if (getsockname(control->in, &ret_address->any, &size) < 0)
        return -errno;
    if (ret_address->any.sa_family == AF_INET6)
        ret_address->in6.sin6_port = 0;
    else
        ret_address->in.sin_port = 0;
    int fd = socket(ret_address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn_open_socket(ret_conn, fd);
    if (fd >= 0 && bind(fd, &ret_address->any, size) == 0 && listen(fd, 1) == 0 &&
        getsockname(fd, &ret_address->any, &size) == 0)
        return 0;
    int error = errno;
    outgoing_close(ret_conn);
    return -error;
}

/* Tells whether two addresses are the same, whatever their ports. */
static bool is_same_host(const union address *a, const union address *b) {
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
    return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

int link_accept(const struct conn *control, struct conn *conn) {
    union address server, who = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(who), server_size;
    int result = get_server(control, &server, &server_size);
    int fd = result < 0 ? -1 : accept4(conn->in, &who.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return result < 0 ? result : conn_is_passing(errno) ? -EAGAIN : -errno;
    if (!is_same_host(&server, &who)) {
        (void)close(fd);
        return -EAGAIN;
    }
    outgoing_close(conn);
    conn_open_socket(conn, fd);
    return 0;
}
