#include "session/who.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/config.h"
#include "base/rights.h"

void who_init(struct who *who, const struct path_root *top, const struct helper *helper,
              long long login_deadline) {
    memset(who, 0, offsetof(struct who, home));
    who->top = *top;
    who->helper = *helper;
    who->login_deadline = login_deadline;
}

void who_apply(struct who *who, const struct account *account, const struct config *config) {
    who->account = *account;
    (void)snprintf(who->home, sizeof(who->home), "%s", account->home);
    who->account.home = who->home;
    account_complete(&who->account, config);
    who->rights = who->account.rights;
}

void who_reset(struct who *who, const struct config *config, const struct peer *peer,
               bool may_enter) {
    const struct account nobody = account_local();
    who_apply(who, &nobody, config);
    who->root = who->top;
    memcpy(who->owner, "-", sizeof("-"));
    who->user[0] = '\0';
    who->user_given = who->authenticated = false;
    who->logged_in = may_enter && peer->local && config->local && !config->users;
    if (who->logged_in && address_is_inet(&peer->address) && !who_sees(who))
        who_own_as_peer(who, peer); /* it must not see interrupted uploads of others */
}

void who_note_user(struct who *who) {
    who->user_given = true;
}

void who_name(struct who *who, const char *name) {
    (void)snprintf(who->user, sizeof(who->user), "%s", name);
}

void who_settle(struct who *who, const struct path_root *home) {
    who->root = *home;
}

void who_leave_top(struct who *who, int way) {
    who->top.fd = way;
}

void who_own_as_peer(struct who *who, const struct peer *peer) {
    owner_of_peer(peer, who->owner);
}

void who_own_as_user(struct who *who) {
    owner_of_user(who->user, who->owner);
}

void who_enter(struct who *who) {
    who->logged_in = who->authenticated = true;
}

bool who_may_retry(struct who *who) {
    return ++who->failed_logins < HELPER_TRIES;
}

bool who_may_show_certificate(struct who *who) {
    return who->certificate_tries++ < HELPER_TRIES;
}

bool who_is_anonymous(const struct who *who, const struct config *config) {
    return config->anonymous &&
           (strcasecmp(who->user, "anonymous") == 0 || strcasecmp(who->user, "ftp") == 0);
}

bool who_sees(const struct who *who) {
    return who->rights & (RIGHT_LIST | RIGHT_READ);
}

bool who_is_pardoned_cut(const struct who *who, const struct config *config) {
    return config->tls_lenient_close || who->account.lenient;
}

bool who_is_pardoned_leaving(const struct who *who, const struct config *config) {
    return config->lenient_close || who->account.lenient;
}
