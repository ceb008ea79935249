/*
 * login: USER, PASS, ACCT (RFC 959, 5.4; RFC 2228).
 */
#ifndef STORD_CLIENT_LOGIN_H
#define STORD_CLIENT_LOGIN_H

#include <stdbool.h>

#include "client/control.h"
#include "client/secret.h"

enum login {
    LOGIN_DONE,
    LOGIN_UNKNOWN, /* the server knows no USER: it is no ordinary FTP server */
    LOGIN_REFUSED  /* or something is missing, or the session is lost: see the failure */
};

/* Sends the account, which a server may also ask for when a file is to be stored (532). Returns the
 * code of the reply, or 0: there is none to send, see the failure. */
int login_account(struct control *control, struct secret *secret, struct failure *failure);

/* Logs in, anonymously if no user is named. */
enum login login_run(struct control *control, struct secret *secret, struct failure *failure);

#endif
