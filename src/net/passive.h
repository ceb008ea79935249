/*
 * passive: the port that a client's data connection comes to, and the connections there
 * (doc/design.md, "Who comes to a passive port").
 */
#ifndef STORD_PASSIVE_H
#define STORD_PASSIVE_H

#include <poll.h>
#include <stdbool.h>

#include "log/log.h"
#include "net/peer.h"

enum {
    PASSIVE_MOST = 4,              /* connections from the client's host that are kept at once */
    PASSIVE_FDS = 1 + PASSIVE_MOST /* descriptors to poll at most */
};

/* What is known of a connection that waits. */
enum caller_state {
    CALLER_SILENT, /* it is open, and no byte has come */
    CALLER_SPEAKS, /* something has come */
    CALLER_ENDED   /* it has ended without a byte */
};

struct caller {
    int fd;
    enum caller_state state;
};

struct passive {
    int listener;                        /* or -1 */
    long long until;                     /* when it is closed, by clock_ms */
    struct caller callers[PASSIVE_MOST]; /* unused connections, the first to come first */
    unsigned count;                      /* of these */
    bool taken;                          /* one is or was used */
    bool crowded;                        /* more came than can be kept */
    bool changed;                        /* since the last passive_news */
    bool expired;                        /* none came in time */
    int error;                           /* why listening has failed: negative errno, or 0 */
};

/* Not listening. */
void passive_init(struct passive *passive);

/* Closes what was there and listens at an address until then (clock_ms). Returns 0 or a negative
 * errno. */
int passive_listen(struct passive *passive, const union address *address, long long until);

/* Listens at least, or at most, until then. */
void passive_extend(struct passive *passive, long long until);
void passive_limit(struct passive *passive, long long until);

/* Stops listening. Connections that have come are kept, neither reset nor ended: if they were, curl
 * would not look for the reply. */
void passive_retire(struct passive *passive, const struct peer *peer, const struct log *log);

/* Stops listening and closes the connections that wait. */
void passive_close(struct passive *passive);

/* Has anybody connected? */
bool passive_was_reached(const struct passive *passive);

/* Listens, or a connection waits. */
bool passive_is_open(const struct passive *passive);

/* Puts what there is to poll into fds, which has room for PASSIVE_FDS. Returns how many. */
nfds_t passive_poll(const struct passive *passive, struct pollfd *fds);

/* The moment (by clock_us) at which passive_attend has something to do even if nothing comes, but
 * not after `moment`. */
long long passive_patience(const struct passive *passive, long long moment);

/* Accepts what has come and looks at the connections that wait. Connections from hosts other than
 * the peer's are closed and logged. Stops listening when the time is up, or after an error.
 * found: what passive_poll has put, after poll. */
void passive_attend(struct passive *passive, const struct pollfd *found, const struct peer *peer,
                    const struct log *log);

/* The same after a poll of its own, which does not wait. */
void passive_look_around(struct passive *passive, const struct peer *peer, const struct log *log);

/* Has anything changed since the last call? */
bool passive_news(struct passive *passive);

/* Takes the connection to be used: the first that has sent bytes, else the first that is open,
 * else, if `ended` is set, one that has ended: nothing has changed then if no other waits. Returns
 * a socket that does not block, or -EAGAIN. */
int passive_take(struct passive *passive, bool ended);

/* The state of a connection. A reset is an end, too; it is left for the reader to see. */
enum caller_state passive_look(int fd);

/* Gives one back that has sent no byte. */
void passive_give_back(struct passive *passive, int fd);

/* Has one of those that wait sent bytes? */
bool passive_speaks(const struct passive *passive);

/* What came in addition to the connection that is used. */
enum rivals {
    RIVALS_NONE,
    RIVALS_SILENT, /* no byte has come over them so far */
    RIVALS_SPEAK   /* one has come, or may have */
};
enum rivals passive_rivals(const struct passive *passive);

#endif
