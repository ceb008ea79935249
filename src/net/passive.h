/*
 * passive: the port that a client's data connection comes to, and who comes to it
 * (doc/design.md, "Who comes to a passive port").
 */
#ifndef STORD_PASSIVE_H
#define STORD_PASSIVE_H

#include <poll.h>
#include <stdbool.h>

#include "log/log.h"
#include "net/peer.h"

enum {
    PASSIVE_MOST = 4,              /* connections of the client's host that are kept at once */
    PASSIVE_FDS = 1 + PASSIVE_MOST /* what there is to poll at the most */
};

/* What is known of a connection that waits. */
enum caller_state {
    CALLER_SILENT, /* it is open, and nothing has come */
    CALLER_SPEAKS, /* something has come */
    CALLER_ENDED   /* it has ended, and nothing has come */
};

struct caller {
    int fd;
    enum caller_state state;
};

struct passive {
    int listener;                        /* or -1 */
    long long until;                     /* when it is closed, by clock_ms */
    struct caller callers[PASSIVE_MOST]; /* connections that nobody uses, first come first */
    unsigned count;                      /* of these */
    bool taken;                          /* one is used, or has been */
    bool crowded;                        /* more came than can be kept, or told apart */
    bool changed;                        /* since the last passive_news */
    bool expired;                        /* nobody came in time */
    int error;                           /* why nobody can come any more: negative errno, or 0 */
};

/* Nobody can come. */
void passive_init(struct passive *passive);

/* Listens at an address until then (clock_ms), in place of before. Returns 0 or a negative errno.
 */
int passive_listen(struct passive *passive, const union address *address, long long until);

/* Listens at least, or no more, until then. */
void passive_extend(struct passive *passive, long long until);
void passive_limit(struct passive *passive, long long until);

/* Nobody comes any more. Who has come is kept, neither reset nor ended: curl does
 * not look for the reply then. */
void passive_retire(struct passive *passive, const struct peer *peer, const struct log *log);

/* The same, and who has come is gone. */
void passive_close(struct passive *passive);

/* Listens, or somebody waits. */
bool passive_is_open(const struct passive *passive);

/* Puts what there is to poll behind fds, which has room for PASSIVE_FDS. Returns how many. */
nfds_t passive_poll(const struct passive *passive, struct pollfd *fds);

/* ms until passive_attend has something to do though nothing comes; never more than `most`. */
long long passive_patience(const struct passive *passive, long long most);

/* Looks who has come, and what has become of those that wait, without waiting: connections of
 * other hosts than the peer's are closed. Closes the listener when its time is up. */
void passive_attend(struct passive *passive, const struct peer *peer, const struct log *log);

/* Has anything changed with those that wait? Told once. */
bool passive_news(struct passive *passive);

/* Takes the connection to be used: the first one over which something has come, else the first one
 * that is open, else, where `ended` says so, one that has ended. Returns a socket that does not
 * block, or -EAGAIN. */
int passive_take(struct passive *passive, bool ended);

/* What has become of a connection? A reset is an end, too; it is not read, so that whoever reads
 * learns of it. */
enum caller_state passive_look(int fd);

/* Gives one back over which nothing has come. */
void passive_give_back(struct passive *passive, int fd);

/* Does one wait over which something has come? */
bool passive_speaks(const struct passive *passive);

/* What else came than the connection that is used. */
enum rivals {
    RIVALS_NONE,
    RIVALS_SILENT, /* nothing has come over them so far */
    RIVALS_SPEAK   /* something has, or may have */
};
enum rivals passive_rivals(const struct passive *passive);

#endif
