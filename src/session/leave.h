/*
 * leave: how a session ends. What finds that it is over calls this; the loop (src/loop.c) ends
 * then.
 */
#ifndef STORD_LEAVE_H
#define STORD_LEAVE_H

#include <stdbool.h>

struct session;

struct leave {
    bool over;       /* the session ends after this command, */
    bool stopping;   /* because we were asked to stop, */
    bool must_drain; /* and more may come that is not read: see control_drain */
};

/* The session is over after this command. */
void leave(struct session *session);

/* The same, if more may come that is not read: closing the connection would reset it, and the
 * client could lose the last reply. */
void leave_draining(struct session *session);

/* The same with a last reply, whose reason has been logged. Returns as reply_send. */
int leave_saying(struct session *session, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same because we were asked to stop, with an event: the last reply must not take long. Returns
 * -ESHUTDOWN. */
int leave_stopping(struct session *session);

#endif
