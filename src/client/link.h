/*
 * link: the ways to the server: over a network, by addresses, or over a program (-e).
 */
#ifndef STORD_CLIENT_LINK_H
#define STORD_CLIENT_LINK_H

#include <stdbool.h>

#include "client/failure.h"
#include "client/outgoing.h"
#include "net/address.h"

struct link {
    const char *host, *port;
    const char *program; /* NULL: over the network */
    int family;          /* AF_UNSPEC, AF_INET or AF_INET6 */
    struct outgoing_rules rules;
};

/* Takes our own address, as --bind has it. Returns false if it is not one. */
bool link_bind(struct link *link, const char *address);

/* Connects to the first address of the host that answers. False: see the failure. */
bool link_open(const struct link *link, struct conn *ret_conn, struct failure *failure);

/* Tells whether there can be data connections. */
bool link_has_data(const struct link *link);

/* Connects to a port of the host that the control connection leads to. The address in a PASV reply
 * is ignored: behind NAT it is wrong, and a bad server could name a third party's. Returns 0 or a
 * negative errno. */
int link_open_port(const struct link *link, const struct conn *control, int port,
                   struct conn *ret_conn);

/* Listens on our address of the control connection, for the server's data connection. The listening
 * socket stands for the connection until link_accept. Returns 0 or a negative errno. */
int link_listen(const struct conn *control, struct conn *ret_conn, union address *ret_address);

/* Takes the connection that has come; only one from the server's address. Returns 0, -EAGAIN or
 * another negative errno. */
int link_accept(const struct conn *control, struct conn *conn);

#endif
