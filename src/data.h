/*
 * data: data connections (RFC 959 section 3.2, RFC 2428).
 */
#ifndef STORD_DATA_H
#define STORD_DATA_H

#include <stdbool.h>

struct session;

struct data {
    int listener;       /* waits for the client's data connection, or -1 */
    bool used;          /* the client has asked for a data connection once: never inline again */
    bool extended_only; /* EPSV ALL was sent (RFC 2428 section 4) */
};

/* Ready for a session. */
void data_init(struct data *data);

/* True when a data connection has been prepared and not yet been used. */
bool data_prepared(const struct data *data);

/* Forgets a prepared data connection. */
void data_reset(struct data *data);

/* Makes the prepared data connection. Only the host of the control connection is let in. Returns
 * a socket or a negative errno: -ETIMEDOUT, -ECANCELED as session_wait. What was prepared is used
 * up. */
int data_connect(struct session *session);

/* PASV (RFC 959), EPSV (RFC 2428 section 3) */
int verb_pasv(struct session *session, const char *argument);
int verb_epsv(struct session *session, const char *argument);

#endif
