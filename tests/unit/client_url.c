#include "client/number.c"
#include "client/url.c"

#include "check.h"

static bool reads(const char *text, const char *port, const char *host, const char *wanted_port,
                  enum security security) {
    struct url url;
    const char *wrong = url_read(text, port, &url);
    if (wrong)
        printf("# %s: %s\n", text, wrong);
    return !wrong && strcmp(url.host, host) == 0 && strcmp(url.port, wanted_port) == 0 &&
           url.security == security;
}

static bool refuses(const char *text, const char *port) {
    struct url url;
    return url_read(text, port, &url) != NULL;
}

static void hosts(void) {
    CHECK(reads("localhost", NULL, "localhost", "22000", SECURITY_NONE));
    CHECK(reads("localhost", "21", "localhost", "21", SECURITY_NONE));
    CHECK(reads("::1", "ftp", "::1", "ftp", SECURITY_NONE));
    CHECK(reads("[::1]", NULL, "::1", "22000", SECURITY_NONE));
    char longest[URL_HOST_SIZE + 1];
    memset(longest, 'h', sizeof(longest) - 1);
    longest[URL_HOST_SIZE] = '\0';
    CHECK(refuses(longest, NULL));
    CHECK(reads(longest + 1, NULL, longest + 1, "22000", SECURITY_NONE));
}

static void urls(void) {
    CHECK(reads("ftp://host", NULL, "host", "21", SECURITY_NONE));
    CHECK(reads("FTP://host:2121/", NULL, "host", "2121", SECURITY_NONE));
    CHECK(reads("ftps://host", NULL, "host", "990", SECURITY_IMPLICIT));
    CHECK(reads("ftps://host", "991", "host", "991", SECURITY_IMPLICIT));
    CHECK(reads("ftp://[::1]:2121", NULL, "::1", "2121", SECURITY_NONE));
    CHECK(reads("ftp://[fe80::1%eth0]", NULL, "fe80::1%eth0", "21", SECURITY_NONE));
}

static bool has(const char *text, const char *user, const char *path) {
    struct url url;
    return !url_read(text, NULL, &url) && strcmp(url.user, user) == 0 &&
           strcmp(url.path, path) == 0;
}

static void users_and_paths(void) {
    CHECK(has("ftp://host", "", "") && has("ftp://host/", "", "") && has("host", "", ""));
    CHECK(has("ftp://me@host/a/b/", "me", "a/b/") && has("ftps://me@[::1]:1/a", "me", "a"));
    CHECK(has("ftp://a%40b@host/x%20y", "a@b", "x y"));
    CHECK(has("ftp://host/%2Fetc/x", "", "/etc/x") && has("ftp://host//x", "", "/x"));
    CHECK(has("ftp://host/a@b:c", "", "a@b:c") && has("ftp://host/%ff%3f", "", "\xff?"));
    CHECK(has("ftp://host/a;type=i", "", "a") && has("ftp://host/a/;TYPE=I", "", "a/"));
    CHECK(has("ftp://host/;type=i", "", "") && has("ftp://host/;type=i/x", "", ";type=i/x"));
    CHECK(url_is_one("ftp://x") && url_is_one("FTPS://x") && !url_is_one("ftp:/x"));
}

static void what_is_no_url(void) {
    CHECK(refuses("http://host", NULL) && refuses("ftp://", NULL) && refuses("ftp://:21", NULL));
    CHECK(refuses("ftp://@host", NULL) && refuses("ftp://me:secret@host", NULL));
    CHECK(refuses("ftp://host/a?b", NULL) && refuses("ftp://host/#a", NULL));
    CHECK(refuses("ftp://host/%", NULL) && refuses("ftp://host/%4", NULL));
    CHECK(refuses("ftp://host/%zz", NULL) && refuses("ftp://host/%00", NULL));
    CHECK(refuses("ftp://host/%0d", NULL) && refuses("ftp://host/a%0A", NULL));
    CHECK(refuses("ftp://[::1]x", NULL) && refuses("[::1]x", NULL) && refuses("[::1", NULL));
    CHECK(refuses("ftp://host:", NULL) && refuses("ftp://host:0", NULL));
    CHECK(refuses("ftp://host:65536", NULL) && refuses("ftp://host:ftp", NULL));
    CHECK(refuses("host:21", NULL) && refuses("127.0.0.1:21", NULL) && refuses("host/", NULL));
    CHECK(refuses("ftp://host/a;type=a", NULL) && refuses("ftp://host/a;type=d", NULL));
    CHECK(refuses("ftp://::1", NULL) && refuses("ftp://[::1", NULL) && refuses("ftp://[h]", NULL));
    CHECK(refuses("ftp://h%6fst", NULL) && refuses("ftp://host:21", "21"));
}

static void ports(void) {
    CHECK(url_is_port("1") && url_is_port("65535") && url_is_port("ftp") && url_is_port("21x"));
    CHECK(!url_is_port("0") && !url_is_port("65536") && !url_is_port(""));
    CHECK(!url_is_port("18446744073709551637"));
}

static bool is_certified(const char *host, const char *wanted) {
    struct url url = {.security = SECURITY_EXPLICIT};
    char name[URL_HOST_SIZE];
    (void)snprintf(url.host, sizeof(url.host), "%s", host);
    url_certified_host(&url, name);
    return strcmp(name, wanted) == 0;
}

static void certificates(void) {
    CHECK(is_certified("ftp.example.org", "ftp.example.org"));
    CHECK(is_certified("ftp.example.org.", "ftp.example.org") && is_certified(".", "."));
    CHECK(is_certified("fe80::1%eth0", "fe80::1"));
}

static void numbers(void) {
    const char *text = "255,x";
    CHECK(number_take(&text, 255) == 255 && *text == ',');
    CHECK(number_take(&text, 255) == -1 && *text == ',');
    text = "256";
    CHECK(number_take(&text, 255) == -1 && *text == '2');
    text = "99999999999999999999";
    CHECK(number_take(&text, 86400) == -1);
    text = "9223372036854775807";
    CHECK(number_take_long(&text, LLONG_MAX) == LLONG_MAX);
    text = "9223372036854775808";
    CHECK(number_take_long(&text, LLONG_MAX) == -1);
    CHECK(number_size("1") == 1 && number_size("2k") == 2048 && number_size("3M") == 3 << 20);
    CHECK(number_size("1G") == 1 << 30 && number_size("") == -1 && number_size("K") == -1);
    CHECK(number_size("1KB") == -1 && number_size("1T") == -1 && number_size("-1") == -1);
}

int main(void) {
    check_run("url: a host has the tutorial's port, or that of -p", hosts);
    check_run("url: ftp and ftps, ports, IPv6 addresses in brackets", urls);
    check_run("url: a user and a path, decoded", users_and_paths);
    check_run("url: what is not understood is refused", what_is_no_url);
    check_run("url: ports are 1 to 65535, or words", ports);
    check_run("url: certificates name a host without zone and without the dot at its end",
              certificates);
    check_run("number: no more than the most, and no further than its digits", numbers);
    return check_end();
}
