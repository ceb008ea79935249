/*
 * helper: the credential helper. A child of the session, forked before the session is confined, is
 * the only process that reads the users file, and is confined itself after that. It answers whether
 * a password or a certificate is right, at most three times each, and ends after the first yes.
 * Hashes are never in the session's memory.
 */
#ifndef STORD_HELPER_H
#define STORD_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "log/log.h"
#include "net/peer.h"
#include "net/tls.h"
#include "users/users.h"

enum { HELPER_TRIES = 3 };

struct helper {
    int fd;    /* questions and answers; -1: there is no helper */
    pid_t pid; /* of the helper */
};

struct config;
struct privileges_target;

/* What the helper is made from. Must outlive it. */
struct helper_setup {
    const char *file; /* the users file */
    const struct peer *peer;
    const struct log *log; /* for what is wrong with the file */
    const struct config *config;
    const struct privileges_target *user; /* the system user that the helper becomes */
};

enum helper_outcome {
    HELPER_YES,
    HELPER_NO,    /* no such user, wrong password, wrong address, or TLS is missing */
    HELPER_BROKEN /* the users file cannot be used; the log says why */
};

struct helper_answer {
    enum helper_outcome outcome;
    struct account account;            /* with HELPER_YES */
    char home[ACCOUNT_HOME_LIMIT + 1]; /* that of the account */
};

/* Starts the helper. Returns 0 or a negative errno. */
int helper_start(struct helper *ret_helper, const struct helper_setup *setup);

/* What a client logs in with. */
struct helper_client {
    const char *name;
    const char *password;                      /* NULL: only the certificate counts */
    bool tls;                                  /* the control connection is encrypted */
    const struct tls_certificate *certificate; /* which the client has shown */
};

/* Asks the helper. Call helper_answer once helper->fd is readable. Returns 0 or a negative errno:
 * -EPIPE if the helper has ended. */
int helper_ask(const struct helper *helper, const struct helper_client *client);

/* Reads the answer. Returns 0 or a negative errno: -EPIPE if the helper has ended. */
int helper_answer(const struct helper *helper, struct helper_answer *ret_answer);

/* Kills the helper, if there is one, and waits for its end. */
void helper_end(struct helper *helper);

#endif
