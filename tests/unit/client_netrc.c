#include "client/netrc.c"

#include "check.h"

static struct netrc found;

static bool finds(const char *file, const char *host, const char *user) {
    char text[512];
    (void)snprintf(text, sizeof(text), "%s", file);
    return netrc_find(text, host, user, &found);
}

static bool is(const char *login, const char *password, const char *account) {
    return strcmp(found.login, login) == 0 && strcmp(found.password, password) == 0 &&
           strcmp(found.account, account) == 0;
}

static void entries(void) {
    const char *two = "machine a login me password one\nmachine b\n login you\n password two\n"
                      "account three machine b login she password four";
    CHECK(finds(two, "a", NULL) && is("me", "one", ""));
    CHECK(finds(two, "B", NULL) && is("you", "two", "three"));
    CHECK(finds(two, "b", "she") && is("she", "four", ""));
    CHECK(!finds(two, "b", "me") && !finds(two, "c", NULL) && !finds("", "a", NULL));
}

static void defaults(void) {
    const char *text = "machine a login me password one default login any password two";
    CHECK(finds(text, "z", NULL) && is("any", "two", ""));
    CHECK(finds(text, "a", NULL) && is("me", "one", ""));
    CHECK(!finds(text, "z", "me"));
    CHECK(finds("machine a password one", "a", "who") && is("", "one", ""));
}

static void oddities(void) {
    CHECK(finds("# machine a\nmachine a login me # you\n password p", "a", NULL));
    CHECK(is("me", "p", ""));
    CHECK(finds("machine a login me password \"a b\\\"c\" account x", "a", NULL));
    CHECK(is("me", "a b\"c", "x"));
    CHECK(finds("macdef init\nmachine a\n\nmachine a login me password", "a", NULL));
    CHECK(is("me", "", ""));
    CHECK(!finds("machine", "a", NULL) && !finds("machine \"a", "b", NULL));
    CHECK(finds("machine a login \"me", "a", NULL) && is("me", "", ""));
    CHECK(finds("machine a login #me password #p account # # b", "a", NULL) &&
          is("#me", "#p", "#"));
    CHECK(finds("macdef init\r\nmachine a\r\n\r\nmachine a login me\r\n", "a", NULL));
    CHECK(is("me", "", ""));
    CHECK(finds("macdef init\nmachine a\n \t\nmachine a login me", "a", NULL) && is("me", "", ""));
}

int main(void) {
    check_run("netrc: entries by host and user", entries);
    check_run("netrc: the default, and an entry for every user", defaults);
    check_run("netrc: comments, quotes, macros, and what ends early", oddities);
    return check_end();
}
