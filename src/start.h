/*
 * start: puts in order what a super-server hands over: descriptors, signals, the connection.
 */
#ifndef STORD_START_H
#define STORD_START_H

#include <stdbool.h>

#include "log/systemd.h"

/* What was found at start. */
struct start {
    int in, out;                   /* the client's connection; -1: there is none */
    int stop;                      /* readable once we are to stop; -1: those signals kill */
    bool stderr_is_client;         /* fd 2 was the client's connection; now it leads nowhere */
    bool is_network;               /* fd 0 or 1 was a network connection */
    const struct systemd *systemd; /* libsystemd's module, if wanted and available, or NULL */
    const char *systemd_error;     /* why it is wanted but not available, else NULL */
    int error;                     /* why fds 0 to 2 are not what they should be, or 0 */
    int saved;                     /* what fd 2 was, for start_unshield; or -1 */
};

/* Finds the client, if there is one, and whether fd 2 is its connection, and changes nothing. Fills
 * in only in, out and stderr_is_client. */
void start_look(struct start *ret_start);

/* Before anything else that involves a library: moves the client's connection away from fds 0 and
 * 1, and fd 2 away from the client. What any library writes to fds 1 and 2 from then on goes to the
 * log: fd 1 leads where fd 2 does. fd 0 is empty. fds 0 to 2 are open then. */
void start_shield(struct start *ret_start);

/* Puts fds 0 to 2 back, if no session is wanted. */
void start_unshield(const struct start *start);

/* Was fd 0 a socket, of whatever kind? To be asked after start_shield. */
bool start_is_socket(const struct start *start);

/* Afterwards: signal dispositions are the defaults (SIGPIPE and SIGXFSZ ignored); only the signals
 * that ask us to stop (HUP, INT, TERM) are blocked, and come through the descriptor `stop`;
 * libsystemd's module is loaded if LISTEN_FDS or `journal` (the log goes there) asks for it; the
 * client's connection, or the one that LISTEN_FDS hands over, is at DESCRIPTOR_IN and
 * DESCRIPTOR_OUT; every other descriptor above 2 is closed, except `stop`. Reads no byte of the
 * connection. Returns 0 or a negative errno: -ENOTCONN without a connection to serve, -EINVAL if
 * LISTEN_FDS is not exactly one connection, -ELIBACC if it cannot be taken without the module. */
int start_tame(struct start *start, bool journal);

#endif
