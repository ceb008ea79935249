/*
 * aide: a process that a session has beside it, at the other end of a socket. It is made before the
 * session is confined, and has not the client's connection.
 */
#ifndef STORD_AIDE_H
#define STORD_AIDE_H

#include <sys/types.h>

#include "users/privileges.h"

/* What it does: with its end of the socket, until the other end is closed. Never returns. */
typedef void aide_work(const void *setup, int fd);

/* Starts one. type: of the socket (SOCK_STREAM, SOCK_SEQPACKET). Returns the session's end of it,
 * or a negative errno. */
int aide_start(int type, aide_work *work, const void *setup, pid_t *ret_pid);

/* For the aide, first of all: lets go of what is the session's. metrics: file in which it will
 * count what it logs, or NULL. */
void aide_begin(const char *metrics);

/* For the aide: becomes that user, or ends. */
void aide_become(const struct privileges_target *user, const char *metrics);

#endif
