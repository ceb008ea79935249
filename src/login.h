/*
 * login: the credential helper. A child of the session, forked before it is confined, that alone
 * reads the users file, and is confined itself when it has. It answers whether a password or a
 * certificate is right, three times each at the most, and is gone after the first yes; hashes never
 * are in the session's memory.
 */
#ifndef STORD_LOGIN_H
#define STORD_LOGIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "log.h"
#include "peer.h"
#include "tls.h"
#include "users.h"

enum { LOGIN_TRIES = 3 };

struct login {
    int fd;    /* questions and answers; -1: there is no helper */
    pid_t pid; /* of the helper */
};

struct config;
struct user_target;

/* What the helper is made from. Outlives it. */
struct login_setup {
    const char *file; /* the users file */
    const struct peer *peer;
    const struct log *log; /* for what is wrong with the file */
    const struct config *config;
    const struct user_target *user; /* whom the helper becomes */
};

enum login_outcome {
    LOGIN_YES,
    LOGIN_NO,    /* no such user, or another password, or not from there, or not without TLS */
    LOGIN_BROKEN /* the users file cannot be used; the log says why */
};

struct login_answer {
    enum login_outcome outcome;
    struct account account;            /* with LOGIN_YES */
    char home[ACCOUNT_HOME_LIMIT + 1]; /* that of the account */
};

/* Starts the helper. Returns 0 or a negative errno. */
int login_start(struct login *ret_login, const struct login_setup *setup);

/* What a client says about itself. */
struct login_client {
    const char *name;
    const char *password;                      /* NULL: only the certificate counts */
    bool tls;                                  /* the control connection is encrypted */
    const struct tls_certificate *certificate; /* which the client has shown */
};

/* Asks it. The answer is read by login_answer once login->fd is readable. Returns 0 or a negative
 * errno. */
int login_ask(const struct login *login, const struct login_client *client);

/* Reads the answer. Returns 0 or a negative errno: -EPIPE when the helper has gone. */
int login_answer(const struct login *login, struct login_answer *ret_answer);

/* Ends the helper, if there is one, and waits until it is gone. */
void login_end(struct login *login);

#endif
