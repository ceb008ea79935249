/*
 * watch: waiting during a transfer, while the control connection is attended to: the client may
 * abort, ask for the status, leave, or send the next command. Transfers over data connections wait
 * only here.
 *
 * A command that comes meanwhile is run by the loop, through `attend`, the only call that goes up.
 * It can come back here, in a verb that waits.
 */
#ifndef STORD_WATCH_H
#define STORD_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/command.h"

struct session;

/* ms that a client that has perhaps left has to connect, or to read */
enum { WATCH_HALF_TIME = 5000 };

struct watch {
    /* Takes what has come on the control connection: runs what may be run now, calls
     * watch_keep_line if a line has to wait. */
    void (*attend)(struct session *session);
    bool transferring;      /* a transfer over a data connection is under way */
    bool aborted;           /* ABOR came during this transfer */
    struct command waiting; /* what session->line is then */
    bool line_waiting;      /* session->line is complete, and waits for the transfer's end */
    bool end_seen;          /* the control connection has ended after a line that waits */
    bool half_closed;       /* the client sends nothing more on it, but may still listen */
    bool control_gone;      /* the control connection ended during this transfer */
    bool is_deaf;           /* the control connection is not attended to: before 150 */
    bool is_brief;          /* nothing moves: a client that has half closed has until half_until */
    long long half_until;   /* by clock_ms: see WATCH_HALF_TIME */
    uint64_t moved;         /* bytes of this transfer so far */
};

/* No transfer is under way. */
void watch_init(struct watch *watch);

/* What to call when something has come on the control connection. */
void watch_begin_session(struct watch *watch, void (*attend)(struct session *session));

/* A transfer begins, over a data connection or not, and ends. */
void watch_begin(struct watch *watch, bool over_data);
void watch_end(struct watch *watch);

/* The client aborts the transfer (ABOR). Returns whether there is one over a data connection. */
bool watch_abort(struct watch *watch);

/* Returns whether a transfer has ended after ABOR, which still needs its reply; once. */
bool watch_take_abort(struct watch *watch);

/* The count of the transfer's bytes starts again, and is handed out for whoever receives them; or
 * grows by n. */
static inline uint64_t *watch_begin_bytes(struct watch *watch) {
    watch->moved = 0;
    return &watch->moved;
}
static inline void watch_move(struct watch *watch, uint64_t n) {
    watch->moved += n;
}

/* Between watch_be_brief and watch_be_patient nothing moves, and a client that has half closed has
 * only WATCH_HALF_TIME for the next step. watch_renew gives it that time again. */
void watch_be_brief(struct watch *watch);
void watch_renew(struct watch *watch);
void watch_be_patient(struct watch *watch);

/* While deaf, the control connection is not attended to. */
void watch_be_deaf(struct watch *watch, bool is_deaf);

/* session->line is complete and waits for the end of the transfer. */
void watch_keep_line(struct watch *watch, const struct command *command);

/* The command that has waited, which does so no more, or NULL. has_ended: the control connection
 * has, too. */
const struct command *watch_take_line(struct watch *watch, bool has_ended);

/* The control connection cannot be used any more. */
void watch_lose_control(struct watch *watch);

/* The client sends nothing more on the control connection. */
void watch_note_end(struct session *session);

/* Waits until fd is ready for events (poll(2)), until deadline at most (by clock_ms), and meanwhile
 * attends to the control connection: the commands that are allowed during a transfer are run, any
 * other waits for its end. Returns 0, -ETIMEDOUT, -ECANCELED after ABOR, -ESHUTDOWN once we are to
 * stop, -ENOTCONN if fd is not ready and the client has left the control connection, or another
 * negative errno. */
int watch_wait(struct session *session, int fd, short events, long long deadline);

/* Attends to the control connection until then, a moment as clock_us tells it. Returns as
 * watch_wait. */
int watch_until(struct session *session, long long moment);

/* As watch_wait, but returns -EINTR when there is news of the passive port (see passive_news). */
int watch_or_news(struct session *session, int fd, short events, long long deadline);

/* Attends to what has come on the control connection, without waiting. */
void watch_look(struct session *session);

/* Polls n descriptors and, in the room after them (PASSIVE_FDS), those of the passive port, and
 * attends to that. Waits until deadline (clock_ms) at most, perhaps less. Returns as poll(2). */
int watch_poll(struct session *session, struct pollfd *fds, nfds_t n, long long deadline);

#endif
