/*
 * probe: finds out whether a client is still there that has ended its side of the control
 * connection.
 */
#ifndef STORD_PROBE_H
#define STORD_PROBE_H

#include <stdbool.h>

struct session;

/* The kernel of a client that is gone resets what is sent to it; so another preliminary reply
 * (RFC 959 section 4.2.1) is sent, in three pieces. When the client is not there, control_gone is
 * set. Takes a second. */
bool probe_reaches(struct session *session);

#endif
