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

/* Errors besides errnos that mean themselves */
enum {
    DATA_OTHER_SPEAKS = EUSERS, /* something has come over another connection, and not this one */
    DATA_CONTESTED = ENOTUNIQ   /* which of two is the client's is not known */
};

struct data {
    struct passive passive; /* where the client's data connection comes to */
    union address active;   /* where the client waits for ours (active); AF_UNSPEC: nowhere */
    struct conn early;      /* the connection that data_meet has made, or why there is none: */
    int met;                /* 0, or a negative errno; -EAGAIN: it has made none */
    long long meet_until;   /* ms, as clock_ms: how long data_meet may take */
    bool is_proven;         /* it is the client's: it resumed the session of its TLS */
    bool spent;             /* the transfer that it was for was refused: see data_finish */
    bool used;          /* the client has asked for a data connection once: never inline again */
    bool extended_only; /* EPSV ALL was sent (RFC 2428 section 4) */
};

/* Ready for a session. */
void data_init(struct data *data);

/* As after the greeting; but a client that has asked for data connections is never inline again. */
void data_forget(struct data *data);

/* The client asks for a data connection. */
void data_use(struct data *data);

/* EPSV ALL: nothing but EPSV is served. */
void data_extend_only(struct data *data);

/* The address that data connections come to: our end of the control connection; loopback where
 * that is a pipe or a local socket. Port 0. Is it IPv6? */
union address data_address(const struct session *session);
bool data_is_ipv6(const struct session *session);

/* Prepares a connection that the client makes: listens on a port of --passive-ports. Where all are
 * taken, waits for one: a transfer of another session that has begun needs its port for seconds
 * only. *ret_port: where. Returns 0 or a negative errno. */
int data_listen(struct session *session, unsigned *ret_port);

/* Prepares a connection that we make, to that address. */
void data_set_active(struct data *data, const union address *address);

/* True when a data connection has been prepared and not yet been used. */
bool data_prepared(const struct data *data);

/* 425: none has been prepared, and why. */
int data_refuse(struct session *session);

/* A transfer is over, or was refused: nobody can connect any more. After a refusal the client's end
 * is not reset until it asks for another data connection, for curl takes that for the reply. */
void data_finish(struct session *session);

/* Forgets a prepared data connection. */
void data_reset(struct data *data);

/* Before 150: makes the data connection if the client has begun TLS over it already. Node's
 * basic-ftp loses close_notify when 150 comes in the middle of the handshake. What comes of it,
 * data_connect tells. */
void data_meet(struct session *session);

/* Makes the prepared data connection, under TLS where the client wants that. Only the host of the
 * control connection is let in. Returns 0, with a conn that data_disconnect follows, or a negative
 * errno: -ETIMEDOUT, -ECANCELED as session_wait; data_reason has it as text. What was prepared is
 * used up, but for other connections of the client's: see data_has_other. */
int data_connect(struct session *session, struct conn *ret_wire);

/* Does another connection of the client's wait, for one that brought nothing, or does it come in so
 * many ms? data_connect takes it then. */
bool data_has_other(struct session *session, int time);

/* Something has come over another connection, and nothing so far over this one: it goes back to
 * those that wait, where it counts as a rival. */
void data_give_back(struct session *session, const struct conn *conn);

/* Is it unknown whether the connection that was used is the client's? So it is when another one has
 * come from its host, and is open or has brought something (doc/design.md, "Who comes to a passive
 * port"). may_wait: for a second, whether it ends without a byte. */
bool data_is_contested(struct session *session, bool may_wait);

/* Is there another one at all, now? */
bool data_has_rival(struct session *session);

/* Why data_connect failed, for the client. */
const char *data_reason(const struct session *session, int error);

/* Reads and drops what still comes, until it ends or until deadline (clock_ms): closing a
 * connection with bytes that nobody has read resets it, and the client may not see what was sent
 * before. Meanwhile the control connection is attended to. Returns whether the end came, and was
 * clean. */
bool data_drain(struct session *session, struct conn *conn, long long deadline);

/* Closes a data connection. */
void data_disconnect(struct conn *conn);

#endif
