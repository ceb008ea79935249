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

/* What is there for all of a process. */
struct secure_setup {
    const struct tls_library *library; /* NULL: TLS is not served */
    struct tls_context *context;
};

/* What one session has of it. */
struct secure {
    struct tls_facts facts;     /* of the control connection, while it is under TLS */
    bool chosen;                /* PROT was sent */
    bool is_private;            /* PROT P: data connections are under TLS */
    bool resumed;               /* the last data connection resumed the session of the control
                                   connection, which shows that it is the client's */
    bool told;                  /* the log has it that the client does not resume */
    char error[TLS_ERROR_SIZE]; /* why TLS failed on the last data connection; data_connect empties
                                   it */
};

/* Loads TLS where the settings want it. Returns 0, or a negative errno with the reason in error. */
int secure_open(const struct config *config, struct secure_setup *ret_setup,
                char error[TLS_ERROR_SIZE]);

/* Does the session want TLS? And before anything else, for it is not under TLS yet? */
bool secure_is_required(const struct session *session);
bool secure_is_missing(const struct session *session);

/* As after the greeting, or after the handshake. */
void secure_reset(struct session *session);

/* PROT */
void secure_choose(struct secure *secure, bool is_private);

/* Why the next data connection failed: no reason so far, or that. */
void secure_forget_error(struct secure *secure);
void secure_fail(struct secure *secure, const char *reason);

/* The handshake on the control connection; the caller resets the session when it has gone well.
 * Returns 0, or a negative errno after logging why not. */
int secure_control(struct session *session);

/* Ends TLS there, so that the session goes on in clear text (RFC 4217 section 13). Returns 0, or a
 * negative errno when the client does not go along. */
int secure_leave(struct session *session);

/* The handshake on a data connection, whose descriptor must not block. Returns as watch_wait, or
 * another negative errno, with session->secure.error. */
int secure_data(struct session *session, struct conn *conn);

/* 521 where data would go over a connection in clear text that must not. Returns 0 when it may, 1
 * when that was answered, or a negative errno. */
int secure_refuse_data(struct session *session);

#endif
