/* Who the client is: who needs no login, whose its interrupted uploads are, how often it may try.
 */
#include "session/who.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/rights.h"
#include "check.h"

static struct who who;
static struct config config;
static struct peer peer;
static const struct path_root root = {.fd = 7};
static const struct helper helper = {.fd = -1};

static void begin(unsigned rights, bool local) {
    config = (struct config){.allow = rights, .local = true};
    peer = (struct peer){.kind = PEER_INET, .local = local, .address.in.sin_family = AF_INET};
    CHECK(inet_pton(AF_INET, "192.0.2.7", &peer.address.in.sin_addr) == 1);
    who_init(&who, &root, &helper, 1000);
    who_reset(&who, &config, &peer, true);
}

static void needs_no_login(void) {
    begin(RIGHTS_ALL, true);
    CHECK(who.logged_in && !who.authenticated && who.root.fd == 7 && strcmp(who.home, "/") == 0);
    who_reset(&who, &config, &peer, false); /* TLS is missing */
    CHECK(!who.logged_in);
    config.users = "users";
    who_reset(&who, &config, &peer, true);
    CHECK(!who.logged_in);
    begin(RIGHTS_ALL, true);
    config.local = false; /* relays bring strangers */
    who_reset(&who, &config, &peer, true);
    CHECK(!who.logged_in);
    begin(RIGHTS_ALL, false);
    CHECK(!who.logged_in);
}

static void owns_what_it_may_not_see(void) {
    begin(RIGHTS_ALL, true);
    CHECK(strcmp(who.owner, "-") == 0 && who_sees(&who));
    begin(RIGHT_UPLOAD, true);
    CHECK(!who_sees(&who) && strstr(who.owner, "192"));
}

static void is_an_account(void) {
    struct account account = account_local();
    char home[] = "/elsewhere";
    begin(RIGHTS_ALL, false);
    account.home = home;
    account.has_rights = true;
    account.rights = RIGHT_UPLOAD;
    who_apply(&who, &account, &config);
    memset(home, 'x', sizeof(home) - 1); /* the helper's answer is gone */
    CHECK(strcmp(who.account.home, "/elsewhere") == 0 && who.rights == RIGHT_UPLOAD);
    who_note_user(&who);
    who_name(&who, "alice");
    who_own_as_user(&who);
    who_enter(&who);
    CHECK(who.logged_in && who.authenticated && strcmp(who.owner, "u.alice") == 0);
    who_reset(&who, &config, &peer, true); /* REIN */
    CHECK(!who.logged_in && !who.user_given && !who.user[0] && strcmp(who.account.home, "/") == 0);
}

static void tries_three_times(void) {
    begin(RIGHTS_ALL, false);
    CHECK(who_may_retry(&who) && who_may_retry(&who));
    who_reset(&who, &config, &peer, true); /* REIN gives no more */
    CHECK(!who_may_retry(&who));
    for (int i = 0; i < HELPER_TRIES; i++)
        CHECK(who_may_show_certificate(&who));
    CHECK(!who_may_show_certificate(&who));
}

static void is_pardoned(void) {
    begin(RIGHTS_ALL, true);
    CHECK(!who_is_pardoned_cut(&who, &config) && !who_is_pardoned_leaving(&who, &config));
    config.lenient_close = true;
    CHECK(!who_is_pardoned_cut(&who, &config) && who_is_pardoned_leaving(&who, &config));
    config.tls_lenient_close = true;
    config.lenient_close = false;
    CHECK(who_is_pardoned_cut(&who, &config) && !who_is_pardoned_leaving(&who, &config));
    config.tls_lenient_close = false;
    who.account.lenient = true;
    CHECK(who_is_pardoned_cut(&who, &config) && who_is_pardoned_leaving(&who, &config));
}

int main(void) {
    check_run("who: local clients without a users file need no login", needs_no_login);
    check_run("who: interrupted uploads are the address's own where they must not be seen",
              owns_what_it_may_not_see);
    check_run("who: an account is applied, and gone after REIN", is_an_account);
    check_run("who: three passwords and three certificates may be tried", tries_three_times);
    check_run("who: who is pardoned which end of an upload", is_pardoned);
    return check_end();
}
