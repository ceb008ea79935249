#include "check/check_ports.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "check/complaint.h"

enum { LISTENING = 10 /* TCP_LISTEN, as /proc/net/tcp has it */ };

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

void check_ports(struct check *check, struct port_range range) {
    static unsigned char is[UINT16_MAX + 1]; /* static only for its size */
    struct taken taken = {.range = range, .own = geteuid(), .is = is};
    if (range.first == 0)
        return;
    read_listeners(&taken, "/proc/net/tcp");
    read_listeners(&taken, "/proc/net/tcp6");
    if (taken.count > 0)
        complaint_warning(check, "passive-ports",
                          "another program listens on %u of %u to %u, the first is %u", taken.count,
                          range.first, range.last, taken.first);
}
