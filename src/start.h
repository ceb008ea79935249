/*
 * start: puts in order what a super-server leaves behind: descriptors, signals, the connection.
 */
#ifndef STORD_START_H
#define STORD_START_H

#include <stdbool.h>

#include "systemd.h"

/* What was found at start. */
struct start {
    int stop;                      /* readable once we are asked to stop; -1: those signals kill */
    bool stderr_is_client;         /* fd 2 was the client's connection; it is /dev/null now */
    const struct systemd *systemd; /* libsystemd's module where it is wanted and there, else NULL */
    const char *systemd_error;     /* why it is not there though it is wanted, else NULL */
};

/* Signal dispositions back to default (SIGPIPE and SIGXFSZ ignored), nothing blocked but the
 * signals that ask us to stop (HUP, INT, TERM), which come by the descriptor `stop`; libsystemd's
 * module loaded where LISTEN_FDS asks for it, or JOURNAL_STREAM and `journal` do (the log may go to
 * the journal); the connection that LISTEN_FDS hands over moved to fds 0 and 1; every descriptor
 * above 2 closed; fds 0 to 2 open; fd 2 away from the client. Reads no byte of the connection.
 * Returns 0 or a negative errno: -ENOTCONN without a connection to serve, -EINVAL when LISTEN_FDS
 * holds something else than one connection, -ELIBACC when it cannot be taken without the module. */
int start_tame(struct start *ret_start, bool journal);

#endif
