/*
 * watch: waiting for something during a transfer, while the control connection is attended to: the
 * client may abort, ask for the status, leave, or send the next command. The one place where
 * transfers over data connections wait.
 *
 * A command that comes meanwhile is run by the loop, from here: attend is the one call that goes
 * up. It can come back here, in a verb that waits.
 */
#ifndef STORD_WATCH_H
#define STORD_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct session;

/* ms that a client which has perhaps left has to connect, or to read */
enum { WATCH_HALF_TIME = 5000 };

struct watch {
    /* Takes what has come on the control connection: runs what may be run now, sets line_waiting by
     * watch_keep_line where a line has to wait. */
    void (*attend)(struct session *session);
    bool transferring; /* a transfer over a data connection is under way */
    bool aborted;      /* ABOR came during this transfer */
    bool line_waiting; /* session->line is whole, came during a transfer, and waits for its end */
    bool end_seen;     /* the control connection has ended behind a line that waits */
    bool half_closed;  /* the client sends nothing more on it, but may still listen */
    bool control_gone; /* the control connection ended during this transfer */
    bool is_deaf;      /* no command is attended to: before 150 */
    bool is_brief;     /* nothing goes on: a client that has half closed has until half_until */
    long long half_until; /* ms, as clock_ms: see WATCH_HALF_TIME */
    uint64_t moved;       /* bytes of this transfer so far */
};

/* Nothing is under way. */
void watch_init(struct watch *watch);

/* Whom to call when something has come on the control connection. */
void watch_begin_session(struct watch *watch, void (*attend)(struct session *session));

/* A transfer begins, over a data connection or not; it is over. */
void watch_begin(struct watch *watch, bool over_data);
void watch_end(struct watch *watch);

/* The client wants the transfer to end (ABOR). Returns whether there is one. */
bool watch_abort(struct watch *watch);

/* The transfer that was to be aborted is over. Returns whether ABOR is still to be answered. */
bool watch_take_abort(struct watch *watch);

/* The bytes of the transfer begin anew, or so many more have flowed. */
static inline void watch_begin_bytes(struct watch *watch) {
    watch->moved = 0;
}
static inline void watch_move(struct watch *watch, uint64_t n) {
    watch->moved += n;
}

/* Between these nothing goes on, and a client that has half closed has not much time for the next
 * step: see WATCH_HALF_TIME. Each step gives it that anew. */
void watch_be_brief(struct watch *watch);
void watch_renew(struct watch *watch);
void watch_be_patient(struct watch *watch);

/* Between these no command is attended to. */
void watch_be_deaf(struct watch *watch, bool is_deaf);

/* session->line is whole and waits for the end of the transfer. */
void watch_keep_line(struct watch *watch);

/* Is there a line that has waited? It does so no more. has_ended: the control connection has, too.
 */
bool watch_take_line(struct watch *watch, bool has_ended);

/* The control connection cannot be used any more. */
void watch_lose_control(struct watch *watch);

/* The client sends nothing more on the control connection. */
void watch_note_end(struct session *session);

/* Waits until fd is ready for events (poll(2)), until deadline at most (ms, as clock_ms), and
 * meanwhile attends to the control connection: the commands that are allowed during a transfer are
 * run, any other waits for its end. Returns 0, -ETIMEDOUT, -ECANCELED after ABOR, -ESHUTDOWN once
 * we are to stop, or -ENOTCONN at once when fd is not ready and the client has left the control
 * connection. */
int watch_wait(struct session *session, int fd, short events, long long deadline);

/* The same, but returns -EINTR when there is news of the passive port (see passive_news). */
int watch_or_news(struct session *session, int fd, short events, long long deadline);

/* Attends to what has come on the control connection, without waiting. */
void watch_look(struct session *session);

/* Polls n descriptors and, in the room behind them (PASSIVE_FDS), what belongs to the passive port,
 * and sees to that. Until deadline at the most, as clock_ms tells it; perhaps less. Returns as
 * poll(2). */
int watch_poll(struct session *session, struct pollfd *fds, nfds_t n, long long deadline);

#endif
