#include "check/check_ports.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* The number behind the last colon of a word: the port of an address. */
static unsigned port_of(const char *address) {
    const char *colon = strrchr(address, ':');
    return colon ? (unsigned)strtoul(colon + 1, NULL, 16) : 0;
}

/* Notes one line of /proc/net/tcp, whose words are a number, two addresses, the state, three others
 * and the user. */
static void note_listener(struct taken *taken, char *line) {
    enum { OURS = 1, STATE = 3, USER = 7, WORDS };
    char *word[WORDS], *at = line;
    for (size_t i = 0; i < WORDS; i++) {
        word[i] = strtok_r(i == 0 ? line : NULL, " \n", &at);
        if (!word[i])
            return;
    }
    unsigned port = port_of(word[OURS]);
    if (strtoul(word[STATE], NULL, 16) != LISTENING || strtoul(word[USER], NULL, 10) == taken->own)
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
