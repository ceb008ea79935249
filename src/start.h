/*
 * start: puts in order what a super-server leaves behind: descriptors, signals, the connection.
 */
#ifndef STORD_START_H
#define STORD_START_H

#include <stdbool.h>

#include "log/systemd.h"

/* What was found at start. */
struct start {
    int in, out;                   /* the client's connection; -1: there is none */
    int stop;                      /* readable once we are asked to stop; -1: those signals kill */
    bool stderr_is_client;         /* fd 2 was the client's connection; nobody reads there now */
    bool is_network;               /* fd 0 or 1 was a connection of a network */
    const struct systemd *systemd; /* libsystemd's module where it is wanted and there, else NULL */
    const char *systemd_error;     /* why it is not there though it is wanted, else NULL */
    int error;                     /* why fds 0 to 2 are not what they should be, or 0 */
    int saved;                     /* what fd 2 was, for start_unshield; or -1 */
};

/* Looks where the client is, if there is one, and whether fd 2 is its connection, and changes
 * nothing: in, out and stderr_is_client alone are filled in. */
void start_look(struct start *ret_start);

/* Before anything else that a library could have a part in: moves the client's connection away from
 * fds 0 and 1, and fd 2 away from the client. What is written to fds 1 and 2 from then on, by
 * whatever library, is for the log: fd 1 is where fd 2 is. fd 0 is empty. Descriptors that were
 * closed are open then. */
void start_shield(struct start *ret_start);

/* Puts fds 0 to 2 back, where no session is wanted. */
void start_unshield(const struct start *start);

/* Signal dispositions back to default (SIGPIPE and SIGXFSZ ignored), nothing blocked but the
 * signals that ask us to stop (HUP, INT, TERM), which come by the descriptor `stop`; libsystemd's
 * module loaded where LISTEN_FDS asks for it, or `journal` does (the log goes there); the client's
 * connection, or the one that LISTEN_FDS hands over, at DESCRIPTOR_IN and DESCRIPTOR_OUT; every
 * other descriptor above 2 closed. Reads no byte of the connection. Returns 0 or a negative errno:
 * -ENOTCONN without a connection to serve, -EINVAL when LISTEN_FDS holds something else than one
 * connection, -ELIBACC when it cannot be taken without the module. */
int start_tame(struct start *start, bool journal);

#endif
