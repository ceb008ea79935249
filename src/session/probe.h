/*
 * probe: finds out whether a client that has ended its side of the control connection is still
 * there.
 */
#ifndef STORD_PROBE_H
#define STORD_PROBE_H

#include <stdbool.h>

struct session;

/* The kernel of a client that is gone resets what it is sent; so another preliminary reply (RFC 959
 * section 4.2.1) is sent, in three pieces. Returns whether the client is there; if not, and we are
 * not stopping, sets control_gone. Takes about a second. */
bool probe_reaches(struct session *session);

#endif
