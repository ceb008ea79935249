/*
 * data: data connections (RFC 959 section 3.2, RFC 2428).
 */
#ifndef STORD_DATA_H
#define STORD_DATA_H

#include <stdbool.h>

#include "peer.h"
#include "wire.h"

struct session;

struct data {
    int listener;         /* waits for the client's data connection (passive), or -1 */
    union address active; /* where the client waits for ours (active); AF_UNSPEC: nowhere */
    bool spent;           /* the transfer that it was for was refused: see data_spend */
    bool used;            /* the client has asked for a data connection once: never inline again */
    bool extended_only;   /* EPSV ALL was sent (RFC 2428 section 4) */
};

/* Ready for a session. */
void data_init(struct data *data);

/* True when a data connection has been prepared and not yet been used. */
bool data_prepared(const struct data *data);

/* The transfer has been refused: nothing uses what was prepared, but the client's end is not reset
 * until it asks for another data connection, for curl takes that for the reply. */
void data_spend(struct data *data);

/* Forgets a prepared data connection. */
void data_reset(struct data *data);

/* Makes the prepared data connection, under TLS where the client wants that. Only the host of the
 * control connection is let in. Returns 0, with a wire that data_disconnect follows, or a negative
 * errno: -ETIMEDOUT, -ECANCELED as session_wait; data_reason has it as text. What was prepared is
 * used up. */
int data_connect(struct session *session, struct wire *ret_wire);

/* Why data_connect failed, for the client. */
const char *data_reason(const struct session *session, int error);

/* Reads and drops what still comes, until it ends or until deadline (clock_ms): closing a
 * connection with bytes that nobody has read resets it, and the client may not see what was sent
 * before. Meanwhile the control connection is attended to. Returns whether the end came, and was
 * clean. */
bool data_drain(struct session *session, struct wire *wire, long long deadline);

/* Closes a data connection. */
void data_disconnect(struct wire *wire);

/* PASV, PORT (RFC 959 section 4.1.2), EPSV, EPRT (RFC 2428). Active connections are made to the
 * client's own address alone, and to no port below 1024, so that nobody can be attacked through us
 * (RFC 2577 section 3). */
int verb_pasv(struct session *session, const char *argument);
int verb_epsv(struct session *session, const char *argument);
int verb_port(struct session *session, const char *argument);
int verb_eprt(struct session *session, const char *argument);

#endif
