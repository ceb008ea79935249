/*
 * leave: how a session comes to its end. Whoever finds that it is over says so here; the loop
 * (src/loop.c) ends then.
 */
#ifndef STORD_LEAVE_H
#define STORD_LEAVE_H

#include <stdbool.h>

struct session;

struct leaving {
    bool over;       /* the session ends after this command, */
    bool stopping;   /* because we are asked to stop, */
    bool must_drain; /* and more may come that nobody reads: see control_drain */
};

/* The session is over after this command. */
void leave(struct session *session);

/* The same, where more may come that nobody reads: closing the connection would reset it, and the
 * client might not see the last reply. */
void leave_draining(struct session *session);

/* The same with a last reply. Returns as reply_send. */
int leave_saying(struct session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same because we are asked to stop: what is still to be said to the client must not take long.
 * Returns -ESHUTDOWN. */
int leave_stopping(struct session *session);

#endif
