/*
 * check_ports: handler --check: ports for data connections, and the address that PASV tells.
 */
#ifndef STORD_CHECK_PORTS_H
#define STORD_CHECK_PORTS_H

struct check;

/* Can passive ports be bound, and has another program some of them? */
void check_passive_ports(struct check *check);

/* Is the passive address one that clients can reach? */
void check_passive_address(struct check *check);

#endif
