#include "check/check_ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check/complaint.h"
#include "users/cidr.h"

enum { LISTENING = 10 /* TCP_LISTEN, as /proc/net/tcp has it */ };

/* Can any port be bound? On all addresses, because no client has connected to one of them. */
static int bind_any(struct port_range range) {
    int result = -EADDRINUSE;
    for (unsigned port = range.first; port <= range.last && result == -EADDRINUSE; port++) {
        const struct sockaddr_in address = {.sin_family = AF_INET,
                                            .sin_port = htons((in_port_t)port)};
        const int on = 1; /* as sessions do */
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        result = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
        (void)close(fd);
    }
    return result;
}

/* State of one look at who listens. */
struct taken {
    struct port_range range;
    uid_t own;         /* whose ports are sessions', and given back soon */
    unsigned char *is; /* by port from range.first: another program listens there */
    unsigned count;    /* how many are taken, */
    unsigned first;    /* and the first of them */
};

/* Notes one line of /proc/net/tcp: number, addresses with ports, state, and the user in the eighth
 * field. */
static void note_listener(struct taken *taken, const char *line) {
    unsigned port, state, user;
    if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %u", &port, &state,
               &user) != 3 ||
        state != LISTENING || user == taken->own)
        return;
    if (port < taken->range.first || port > taken->range.last ||
        taken->is[port - taken->range.first])
        return;
    taken->is[port - taken->range.first] = 1;
    if (taken->count++ == 0 || port < taken->first)
        taken->first = port;
}

static void read_listeners(struct taken *taken, const char *table) {
    char line[512];
    FILE *file = fopen(table, "re");
    while (file && fgets(line, sizeof(line), file))
        note_listener(taken, line);
    if (file)
        (void)fclose(file);
}

/* Ports of which another program has some: a session that is given such a one tries the next. */
static void check_taken(struct check *check, struct port_range range) {
    static unsigned char is[UINT16_MAX + 1]; /* static only for its size */
    struct taken taken = {.range = range, .own = geteuid(), .is = is};
    read_listeners(&taken, "/proc/net/tcp");
    read_listeners(&taken, "/proc/net/tcp6");
    if (taken.count > 0)
        complaint_warning(check, "passive-ports",
                          "another program listens on %u of %u to %u, the first is %u", taken.count,
                          range.first, range.last, taken.first);
}

void check_passive_ports(struct check *check) {
    struct port_range range = check->config->passive_ports;
    int result = check->config->no_data_connections ? 0 : bind_any(range);
    if (result == -EADDRINUSE)
        complaint_warning(check, "passive-ports", "all of %u to %u are in use now", range.first,
                          range.last);
    else if (result < 0)
        complaint_error(check, "passive-ports", "none can be bound: %s", strerror(-result));
    else if (range.first > 0 && !check->config->no_data_connections)
        check_taken(check, range);
}

/* RFC 6890 */
void check_passive_address(struct check *check) {
    static const struct {
        const char *range, *what;
    } rows[] = {
        {"10.0.0.0/8", "private: clients in other networks cannot reach it"},
        {"172.16.0.0/12", "private: clients in other networks cannot reach it"},
        {"192.168.0.0/16", "private: clients in other networks cannot reach it"},
        {"100.64.0.0/10", "private to a provider: clients elsewhere cannot reach it"},
        {"169.254.0.0/16", "link-local: clients in other networks cannot reach it"},
        {"127.0.0.0/8", "loopback: clients on other machines cannot reach it"},
        {"0.0.0.0/8", "no host's: nobody can reach it"},
        {"224.0.0.0/3", "no host's: nobody can reach it"},
    };
    union address told = {
        .in = {.sin_family = AF_INET, .sin_addr = check->config->passive_address}};
    struct cidr cidr;
    if (told.in.sin_addr.s_addr == 0)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cidr_parse(rows[i].range, strlen(rows[i].range), &cidr) == 0 && cidr_has(&cidr, &told))
            complaint_warning(check, "passive-address", "it is %s", rows[i].what);
    }
}
