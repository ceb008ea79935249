/*
 * data: data connections (RFC 959 section 3.2, RFC 2428).
 */
#ifndef STORD_DATA_H
#define STORD_DATA_H

#include <errno.h>
#include <stdbool.h>

#include "net/conn.h"
#include "net/passive.h"
#include "net/peer.h"

struct session;

/* Errors in addition to plain errnos */
enum {
    DATA_OTHER_SPEAKS = EUSERS, /* bytes have come over another connection, and not this one */
    DATA_CONTESTED = ENOTUNIQ   /* it is not known which of two is the client's */
};

struct data {
    struct passive passive; /* where the client's data connection comes to */
    union address active;   /* where the client waits (active mode); AF_UNSPEC: nowhere */
    struct conn early;      /* the connection that data_meet has made */
    int met;                /* 0: there is one; a negative errno: why not; -EAGAIN: not tried */
    long long meet_until;   /* by clock_ms: how long data_meet may take */
    bool is_proven;         /* the connection is the client's: it resumed its TLS session */
    bool spent;             /* the transfer that it was for was refused: see data_finish */
    bool used;       /* the client has asked for a data connection: no inline uploads any more */
    unsigned unused; /* the port that the client was given last, until a transfer needs it; or 0 */
    bool reached;    /* the client has connected to a port */
    bool extended_only; /* EPSV ALL was sent (RFC 2428 section 4) */
};

/* Prepares for a session. */
void data_init(struct data *data);

/* As after the greeting, except that `used` stays. */
void data_forget(struct data *data);

/* The client asks for a data connection. */
void data_use(struct data *data);

/* EPSV ALL: only EPSV is served. */
void data_extend_only(struct data *data);

/* The address that data connections come to, with port 0: our end of the control connection, or
 * loopback if that is a pipe or a local socket. Is it IPv6? */
union address data_address(const struct session *session);
bool data_is_ipv6(const struct session *session);

/* Prepares passive mode: listens on a port of --passive-ports, *ret_port. If all are taken, waits
 * for one, for some seconds: a transfer that has begun keeps its port no longer. Returns 0 or a
 * negative errno. */
int data_listen(struct session *session, unsigned *ret_port);

/* Prepares active mode: a connection that we make to that address. */
void data_set_active(struct data *data, const union address *address);

/* Has a data connection been prepared and not yet been used? */
bool data_prepared(const struct data *data);

/* Replies 425: none has been prepared, and why. */
int data_refuse(struct session *session);

/* A transfer is over, or was refused: no more connections. After a refusal the client's end is not
 * reset before it asks for another data connection: curl would take that for the reply. */
void data_finish(struct session *session);

/* At the end of the session: the port that the client was given last, if no transfer came for it,
 * and it has never connected to any; else 0. */
unsigned data_unused(const struct data *data);

/* Forgets a prepared data connection. */
void data_reset(struct data *data);

/* Before 150: makes the data connection if the client has begun TLS over it already. Node's
 * basic-ftp loses close_notify if 150 comes in the middle of the handshake. data_connect returns
 * the result. */
void data_meet(struct session *session);

/* Makes the prepared data connection, under TLS if the client has chosen that. Only the host of the
 * control connection may connect. Returns 0 and a conn for data_disconnect, or a negative errno as
 * watch_wait; data_reason has it as text. What was prepared is used up, except other connections
 * from the client: see data_has_other. */
int data_connect(struct session *session, struct conn *ret_conn);

/* Does another connection from the client wait, in place of one that failed, or does it come within
 * so many ms? data_connect takes it then. */
bool data_has_other(struct session *session, int time);

/* Bytes have come over another connection, and none so far over this one: it goes back to those
 * that wait, where it counts as a rival. */
void data_give_back(struct session *session, const struct conn *conn);

/* Is it unknown whether the connection that was used is the client's? It is if another one has come
 * from its host, and is open or has sent bytes (doc/design.md, "Who comes to a passive port").
 * may_wait: looks, and waits up to a second for it to end without a byte; else what was seen by the
 * last look counts. */
bool data_is_contested(struct session *session, bool may_wait);

/* Is there now another one that could be the client's? */
bool data_has_rival(struct session *session);

/* Why data_connect failed, for the client. */
const char *data_reason(const struct session *session, int error);

/* Reads and drops what still comes, until the end or until deadline (clock_ms): closing a
 * connection with unread bytes resets it, and the client may lose what was sent before. Meanwhile
 * attends to the control connection. Returns whether a clean end came. */
bool data_drain(struct session *session, struct conn *conn, long long deadline);

/* Closes a data connection. */
void data_disconnect(struct conn *conn);

#endif
