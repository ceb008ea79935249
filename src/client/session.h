/*
 * session: everything up to the first file: connecting, TLS, logging in, finding out what the
 * server can do, going to the folder.
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
#include "client/features.h"
#include "client/link.h"
#include "client/secret.h"
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
    char server_name[URL_SERVER_SIZE]; /* HOST:PORT */
    struct link link;
    struct secret secret;
    const char *folder;          /* where the files go; "": the folder of the login */
    bool make_folder;            /* if it is missing */
    bool verifies;               /* digests are wanted: --verify=hash */
    bool active;                 /* the server opens the data connections */
    struct tls_context *context; /* if server.security asks for TLS; else NULL */
    bool ordinary;               /* has shown that it is an ordinary FTP server: bytes of a file
                                    must never reach it as commands */
    bool wants_login;            /* takes inline uploads, but only after a login */
    bool asks_late;              /* answers FEAT only after the login */
    enum way way;                /* found out in the first session */
    struct features features;    /* the same */
    bool is_binary;              /* TYPE I has been asked for in this session */
    bool gave_account;           /* ACCT has been sent in it, when a file was to be stored */
    struct control control;
};

/* Asks for TYPE I, unless that was done: sizes and restarts count bytes only then. */
void session_be_binary(struct session *session);

/* Makes sure that there is a session. False: there is none, see the failure. */
bool session_open(struct session *session, struct failure *failure);

/* After a 530: tells whether another session may do better, which logs in as anonymous first. */
bool session_can_log_in(struct session *session);

/* Says goodbye and closes the connection, if there is one. */
void session_end(struct session *session);

/* Closes the connection, if there is one, without QUIT. */
void session_drop(struct session *session);

/* Closes it if it is lost: the server has ended it, or does not follow. */
void session_look(struct session *session);

#endif
