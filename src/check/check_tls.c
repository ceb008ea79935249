#include "check/check_tls.h"

#include <time.h>

#include "base/terminal.h"
#include "check/complaint.h"
#include "session/secure.h"

enum {
    SOON = 30 * 24 * 3600 /* s before a certificate expires in which to warn */
};

static void check_expiry(struct check *check, const struct tls_certificate *certificate) {
    char date[sizeof("2026-11-23 12:34 UTC") + 8] = "";
    struct tm parts;
    if (gmtime_r(&certificate->expires, &parts))
        (void)strftime(date, sizeof(date), "%F %R UTC", &parts);
    terminal_line(stdout, "TLS: %s, certificate of %s, valid until %s.",
                  value_tls_word(check->config->tls),
                  *certificate->subject ? certificate->subject : certificate->fingerprint, date);
    if (certificate->expires - time(NULL) < SOON)
        complaint_warning(check, "tls",
                          "the certificate expires on %s, and no session is served from then on",
                          date);
}

void check_tls(struct check *check) {
    const struct config *config = check->config;
    struct secure_setup setup;
    struct tls_certificate certificate;
    char error[TLS_ERROR_SIZE];
    int result = secure_open(config, &setup, error);
    if (config->tls == TLS_OFF)
        return;
    complaint_unless_outside(check, "tls", config->tls_cert);
    complaint_unless_secret(check, "tls", config->tls_key);
    if (config->tls_client_ca)
        complaint_unless_outside(check, "tls", config->tls_client_ca);
    if (result < 0) {
        complaint_error(check, "tls", "nobody is served: %s", error);
        return;
    }
    if (setup.library->ready(setup.context, error) < 0)
        complaint_error(check, "tls", "nobody can begin TLS: %s", error);
    setup.library->describe_context(setup.context, &certificate);
    check_expiry(check, &certificate);
    setup.library->free_context(setup.context);
}

bool check_tls_lets_in(const struct check *check, const struct user *user) {
    return *user->certificate && !user->locked && check->config->tls != TLS_OFF &&
           check->config->tls_client_ca;
}

bool check_tls_user(struct check *check, const struct user *user) {
    bool is_off = check->config->tls == TLS_OFF;
    if (user->tls && is_off)
        complaint_warning(check, "users", "%s:%u: logs in over TLS only, which is not served",
                          check->users_file, user->line);
    else if (*user->certificate && !user->locked && !check_tls_lets_in(check, user))
        complaint_warning(
            check, "users", "%s:%u: has a certificate, but %s", check->users_file, user->line,
            is_off ? "TLS is not served" : "clients are asked for one only with --tls-client-ca");
    return user->tls && is_off;
}
