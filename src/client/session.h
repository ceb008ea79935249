/*
 * session: everything up to the first file: connecting, TLS, finding out what the server can do,
 * logging in.
 *
 * What the server can do decides how a file travels (enum way). stord announces INLINE in FEAT: all
 * files go over the control connection, each announced with ALLO. An ordinary FTP server gets a
 * login and data connections (RFC 959, RFC 2428). A server that knows neither is taken for the
 * tutorial's, which reads the bytes after STOR up to the end of input.
 *
 * If TLS is asked for (RFC 4217), only AUTH is sent without it, and no data.
 */
#ifndef STORD_CLIENT_SESSION_H
#define STORD_CLIENT_SESSION_H

#include <stdbool.h>

#include "client/control.h"
#include "client/url.h"

enum way {
    WAY_UNKNOWN,
    WAY_ALLO, /* stord: inline, sizes announced, one session for all files */
    WAY_EPSV, /* ordinary FTP: a data connection for each file */
    WAY_PASV, /* the same for servers, or firewalls, that do not know EPSV */
    WAY_PLAIN /* the tutorial's server: inline up to the end of input, a session for each file */
};

/* The session, and what outlives it when the next file needs a new one. */
struct session {
    struct url server;
    const char *user;            /* who to log in as; NULL: anonymous, if a login is needed */
    const char *password;        /* NULL: there is none */
    struct tls_context *context; /* if server.security asks for TLS; else NULL */
    bool hopeless;               /* connecting or logging in failed: it is not tried again */
    bool ordinary;               /* has shown that it is an ordinary FTP server: bytes of a file
                                    must never reach it as commands */
    enum way way;                /* found out in the first session */
    struct control control;
};

/* Makes sure that there is a session. False: there is none, and the user has been told why. */
bool session_open(struct session *session);

/* Says goodbye and closes the connection, if there is one. */
void session_end(struct session *session);

/* Closes the connection, if there is one, without QUIT. */
void session_drop(struct session *session);

#endif
