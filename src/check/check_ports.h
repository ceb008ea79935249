/*
 * check_ports: handler --check: who listens on ports for data connections.
 */
#ifndef STORD_CHECK_PORTS_H
#define STORD_CHECK_PORTS_H

#include "base/value.h"

struct check;

/* Warns of ports of that range on which another user's program listens: a session that is given one
 * tries the next. 0-0, which is any port, is not looked at. */
void check_ports(struct check *check, struct port_range range);

#endif
