/*
 * secret: who logs in, and the password: from options, files, the environment or a prompt. None
 * stands on a command line or in a message.
 */
#ifndef STORD_CLIENT_SECRET_H
#define STORD_CLIENT_SECRET_H

#include <stdbool.h>

#include "client/failure.h"

enum { SECRET_SIZE = 512 /* bytes with NUL */ };

struct secret {
    char user[SECRET_SIZE];     /* "": anonymous, if the server wants a login */
    char password[SECRET_SIZE]; /* if has_password */
    char account[SECRET_SIZE];  /* if has_account */
    bool has_password, has_account;
    const char *server; /* for the prompt */
};

/* Finds out what can be known before a server asks: user is that of the options, or "". host: as
 * ~/.netrc names it. file: --password-file, or NULL. False: see the failure. */
bool secret_find(struct secret *secret, const char *user, const char *host, const char *file,
                 struct failure *failure);

/* Makes sure that there is a password, or an account (RFC 959: ACCT): asks at the terminal if there
 * is one. Returns whether there is. */
bool secret_want_password(struct secret *secret);
bool secret_want_account(struct secret *secret);

#endif
