#include "client/login.h"

#include <string.h>
#include <sysexits.h>

/* The reply to USER of a server that does not know it. */
static bool is_unknown(int code) {
    return code == 500 || code == 501 || code == 502;
}

/* Anybody may use these names, with any password. */
static bool is_anonymous(const char *user) {
    return !*user || strcmp(user, "anonymous") == 0 || strcmp(user, "ftp") == 0;
}

/* Sends the password. Returns the code of the reply, or 0: there is none to send. */
static int send_password(struct control *control, struct secret *secret, struct failure *failure) {
    if (is_anonymous(secret->user) && !secret->has_password)
        return control_ask(control, "PASS client@");
    if (secret_want_password(secret))
        return control_ask(control, "PASS %s", secret->password);
    failure_set(failure, EX_NOPERM,
                "the server wants a password: put it into STOR_PASSWORD, ~/.netrc or a file for "
                "--password-file");
    return 0;
}

int login_account(struct control *control, struct secret *secret, struct failure *failure) {
    if (secret_want_account(secret))
        return control_ask(control, "ACCT %s", secret->account);
    failure_set(failure, EX_NOPERM,
                "the server wants an account: put it into STOR_ACCOUNT or ~/.netrc");
    return 0;
}

enum login login_run(struct control *control, struct secret *secret, struct failure *failure) {
    int code = control_ask(control, "USER %s", *secret->user ? secret->user : "anonymous");
    if (is_unknown(code) && !*secret->user)
        return LOGIN_UNKNOWN;
    if (code == 331)
        code = send_password(control, secret, failure);
    if (code == 332)
        code = login_account(control, secret, failure);
    if (code / 100 == 2 && code > 0)
        return LOGIN_DONE;
    if (code != 0)
        control_explain(control, failure, *secret->user ? "" : "login as anonymous: ");
    return LOGIN_REFUSED;
}
