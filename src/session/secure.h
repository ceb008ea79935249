/*
 * secure: TLS on the control connection and on data connections (RFC 2228, RFC 4217).
 */
#ifndef STORD_SECURE_H
#define STORD_SECURE_H

#include <stdbool.h>

#include "net/tls.h"

struct config;
struct session;
struct conn;

/* What a process has. */
struct secure_setup {
    const struct tls_library *library; /* NULL: TLS is not served */
    struct tls_context *context;
};

/* What a session has. */
struct secure {
    struct tls_facts facts;     /* of the control connection, while it is under TLS */
    bool chosen;                /* PROT was sent */
    bool is_private;            /* data connections are under TLS (PROT P) */
    bool resumed;               /* the last data connection resumed the TLS session of the control
                                 * connection, which proves that it is the client's */
    bool told;                  /* it has been logged that the client does not resume */
    char error[TLS_ERROR_SIZE]; /* why TLS failed on the last data connection, or "" */
};

/* Loads TLS if the settings want it. Returns 0, or a negative errno with the reason in error. */
int secure_open(const struct config *config, struct secure_setup *ret_setup,
                char error[TLS_ERROR_SIZE]);

/* Do the settings require TLS? Do they, and the session is not under TLS yet? */
bool secure_is_required(const struct session *session);
bool secure_is_missing(const struct session *session);

/* As after the greeting, or after the handshake. */
void secure_reset(struct session *session);

/* PROT */
void secure_choose(struct secure *secure, bool is_private);

/* Empties, and sets, the reason why TLS failed on a data connection. */
void secure_forget_error(struct secure *secure);
void secure_fail(struct secure *secure, const char *reason);

/* Before the handshake on the control connection: whatever can be known to fail. Returns 0, or a
 * negative errno after logging why. */
int secure_prepare(const struct session *session);

/* The handshake on the control connection; after success the caller resets the session. Returns 0,
 * or a negative errno after logging why. */
int secure_control(struct session *session);

/* Ends TLS there, so that the session continues in clear text (RFC 4217 section 13). Returns 0, or
 * a negative errno if the client does not end it. */
int secure_leave(struct session *session);

/* The handshake on a data connection, whose descriptor must not block. Returns 0, or a negative
 * errno as watch_wait or as tls_library, with session->secure.error. */
int secure_data(struct session *session, struct conn *conn);

/* Replies 521 if a data connection would be in clear text and must not be. Returns 0 if it may, 1
 * after the reply, or a negative errno. */
int secure_refuse_data(struct session *session);

#endif
