#include <string.h>

/* What takes long, if many users are looked for, is how often names are compared. */
static unsigned long comparisons;
static int counted(const char *a, const char *b) {
    comparisons++;
    return strcmp(a, b);
}
#define strcmp counted
#include "users/users.c"
#undef strcmp
#include "base/date.c"
#include "base/fingerprint.c"
#include "base/path.c"
#include "base/rights.c"
#include "base/value.c"
#include "users/certname.c"
#include "users/cidr.c"

#include <sys/mman.h>

#include "check.h"

static struct users users;
static char complaints[4096];

static void note(void *context, unsigned line, const char *complaint) {
    (void)context;
    size_t n = strlen(complaints);
    (void)snprintf(complaints + n, sizeof(complaints) - n, "%u: %s\n", line, complaint);
}

/* Reads a users file with that content. */
static int read_file(const char *text) {
    int fd = memfd_create("users", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    complaints[0] = '\0';
    users_free(&users);
    int result = read_users(&users, fd, note, NULL);
    (void)close(fd);
    return result;
}

static void fields(void) {
    CHECK(read_file("# comment\n\nme:$6$salt$hash:/a/b:upload,list:tls,quota=1G,max-file=2M,"
                    "on-conflict=refuse,file-mode=0640,from=192.0.2.0/24+2001:db8::/32\r\n"
                    "you:!:/::\n") == 0);
    const struct user *me = users_find(&users, "me"), *you = users_find(&users, "you");
    CHECK(users.count == 2 && me && you && !users_find(&users, "m") && !users_find(&users, ""));
    CHECK(strcmp(me->hash, "$6$salt$hash") == 0 && strcmp(me->account.home, "/a/b") == 0);
    CHECK(me->account.has_rights && me->account.rights == (RIGHT_UPLOAD | RIGHT_LIST) && me->tls);
    CHECK(me->account.quota == 1 << 30 && me->account.max_file_size == 2 << 20);
    CHECK(me->account.has_conflict && me->account.conflict == CONFLICT_REFUSE);
    CHECK(me->account.has_file_mode && me->account.file_mode == 0640 && me->line == 3);
    CHECK(strcmp(you->account.home, "/") == 0 && !you->account.has_rights && !you->tls);
    CHECK(you->account.quota == VALUE_UNLIMITED && !you->account.has_max_file_size);
}

/* The last day counts whole, by this machine's zone; the day after no longer. */
static void the_last_day_counts(void) {
    static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "PST8PDT,M3.2.0,M11.1.0"};
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        CHECK(setenv("TZ", zones[i], 1) == 0);
        CHECK(read_file("a:!:/::until=2028-02-29,when-full=oldest\nb:!:/::when-full=refuse\n") ==
              0);
        const struct user *a = users_find(&users, "a"), *b = users_find(&users, "b");
        struct tm next = {.tm_year = 128, .tm_mon = 2, .tm_mday = 1, .tm_isdst = -1};
        time_t end = mktime(&next);
        CHECK(!users_is_over(a, end - 1) && users_is_over(a, end) && !users_is_over(b, end));
        CHECK(a->account.ousts && !b->account.ousts);
    }
    CHECK(unsetenv("TZ") == 0);
}

static void what_is_wrong_is_told_with_its_line(void) {
    static const struct {
        const char *text, *complaint;
    } wrong[] = {
        {"a\n", "1: there are not five fields"},
        {"\na:$6$x:/:upload\n", "2: there are not five fields"},
        {":$6$x:/::\n", "1: there is no name"},
        {"a::/::\n", "1: there is no hash"},
        {"a:secret:/::\n", "1: the hash is not"},
        {"a:$1$md5$x:/::\n", "1: the hash is not"},
        {"a:rEK1ecacw.7.c:/::\n", "1: the hash is not"},
        {"a:$5$sha256$x:/::\n", "1: the hash is not"},
        {"a:$6$x:home::\n", "1: the home is not"},
        {"a:$6$x:/../b::\n", "1: the home is not"},
        {"a:$6$x:/b/::\n", "1: the home is not"},
        {"a:$6$x:/.stord.x::\n", "1: the home is not"},
        {"a:$6$x:/:write:\n", "1: the rights are not"},
        {"a:$6$x:/::ssl\n", "1: option \"ssl\""},
        {"a:$6$x:/::tls,\n", "1: option \"\""},
        {"a:$6$x:/::quota=\n", "1: option \"quota\""},
        {"a:$6$x:/::quota=much\n", "1: option \"quota\""},
        {"a:$6$x:/::from=here\n", "1: option \"from\""},
        {"a:$6$x:/::from=192.0.2.1/24\n", "1: option \"from\""},
        {"a:$6$x:/::from=192.0.2.0/24+\n", "1: option \"from\""},
        {"a:$6$x:/::file-mode=888\n", "1: option \"file-mode\""},
        {"a:$6$x:/::lenient=yes\n", "1: option \"lenient\""},
        {"a:$6$x:/::until\n", "1: option \"until\" wants a day like 2026-12-31"},
        {"a:$6$x:/::until=2026-02-29\n", "1: option \"until\""},
        {"a:$6$x:/::until=2026-13-01\n", "1: option \"until\""},
        {"a:$6$x:/::until=2026-1-1\n", "1: option \"until\""},
        {"a:$6$x:/::until=2026-01-01 \n", "1: option \"until\""},
        {"a:$6$x:/::until=31.12.2026\n", "1: option \"until\""},
        {"a:$6$x:/::until=1970-01-01\n", "1: option \"until\""},
        {"a:$6$x:/::when-full=newest\n", "1: option \"when-full\" wants refuse or oldest"},
        {"a:$6$x:/::lenient,lenient\n", "1: option \"lenient\" is given twice"},
        {"a:$6$x:/::\nb:$6$x:/::\na:$6$y:/::\n", "3: that user is in an earlier line"},
        {"a:$6$x:/::tls=yes\n", "1: option \"tls\" wants tls, without a value"},
        {"a:$6$x:/::from=::1,from=0.0.0.0/0\n", "1: option \"from\" is given twice"},
        {"a:$6$x:/::tls,quota=1,tls\n", "1: option \"tls\" is given twice"},
        {"a:$6$x:/::\nb:$6$x:/::quota=1", "2: the last line has no end"},
        {"a:$6$x:/::\n# comment", "2: the last line has no end"},
        {"\xef\xbb\xbf"
         "a:$6$x:/::\n",
         "1: there is a byte order mark"},
        {"a\tb:$6$x:/::\n", "1: there is a control character"},
        {"a:$6$x:/::from=::1\x7f\n", "1: there is a control character"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(read_file(wrong[i].text) == -EINVAL);
        CHECK(strncmp(complaints, wrong[i].complaint, strlen(wrong[i].complaint)) == 0);
    }
    CHECK(read_file("a:b:c:d:e\n\nf\n") == -EINVAL); /* all of it, not the first alone */
    CHECK(strstr(complaints, "1: the hash") && strstr(complaints, "1: the home") &&
          strstr(complaints, "1: the rights") && strstr(complaints, "1: option") &&
          strstr(complaints, "3: there are not"));
    CHECK(read_file("") == 0 && users.count == 0 && !users_find(&users, "a"));
}

#define PRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What is wrong with a line that has these options; "" when nothing is. */
static const char *complaint_about(const char *options) {
    char line[2048];
    (void)snprintf(line, sizeof(line), "a:!:/::%s\n", options);
    return read_file(line) == 0 ? "" : complaints;
}

static void certificates_are_read(void) {
    static const char *const good[] = {
        ("cert=" PRINT),
        "tls,cert=CN=me,O=Test",
        "cert=CN=a\\,b,O=x\\:y, C=DE",
        "tls,cert=CN=",
    };
    static const char *const bad[] = {
        "cert",
        "cert=",
        "cert=me",
        ("cert=" PRINT "0"),
        "cert=0" PRINT,
        ("cert=" PRINT ",tls"),
        ("cert=" PRINT ",from=192.0.2.0/24"),
        ("cert=" PRINT ":"),
        "cert=:" PRINT,
        "cert=CN=me,tls",
        "cert=CN=me,O=Test,quota=1G",
        "cert=tls,CN=x",
        "cert=cert=x",
        "cert=:::",
        "cert= " PRINT,
        ("cert=" PRINT " "),
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK(strcmp(complaint_about(good[i]), "") == 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(strstr(complaint_about(bad[i]), "1: option \"cert\" wants a "));
    CHECK(strstr(complaint_about("Cert=" PRINT), "option \"Cert\""));
    CHECK(read_file("a:!:/::quota=5,tls,cert=CN=me,O=Test\nb:!:/::cert=" PRINT "\n") == 0);
    const struct user *a = users_find(&users, "a"), *b = users_find(&users, "b");
    CHECK(a && a->tls && a->account.quota == 5 && strcmp(a->certificate, "CN=me,O=Test") == 0);
    CHECK(b && !b->tls && strcmp(b->certificate, PRINT) == 0);
    CHECK(strcmp(complaint_about(""), "") == 0 && *users_find(&users, "a")->certificate == '\0');
    char longest[TLS_SUBJECT_SIZE + 16] = "cert=CN=";
    memset(longest + strlen(longest), 'x', TLS_SUBJECT_SIZE - 4);
    longest[strlen("cert=") + TLS_SUBJECT_SIZE - 1] = '\0';
    CHECK(strcmp(complaint_about(longest), "") == 0);
    longest[strlen(longest)] = 'x';
    CHECK(*complaint_about(longest));
}

/* Does the option let in who shows that? */
static bool lets_in(const char *wanted, const char *fingerprint, const char *subject) {
    struct tls_certificate shown = {0};
    const struct user user = {.certificate = wanted};
    (void)snprintf(shown.fingerprint, sizeof(shown.fingerprint), "%s", fingerprint);
    (void)snprintf(shown.subject, sizeof(shown.subject), "%s", subject);
    return certname_is(user.certificate, &shown);
}

static void certificates_are_compared(void) {
    const char *colons = "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:"
                         "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef";
    CHECK(lets_in(PRINT, PRINT, "CN=me") && lets_in(colons, PRINT, "CN=me"));
    CHECK(lets_in("CN=me", PRINT, "CN=me") && !lets_in("CN=me", PRINT, "CN=ME"));
    CHECK(!lets_in("CN=me", PRINT, "CN=me,O=x") && !lets_in("CN=me,O=x", PRINT, "CN=me"));
    CHECK(!lets_in(PRINT, "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", ""));
    CHECK(!lets_in(PRINT, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee", ""));
    CHECK(!lets_in("0123", PRINT, "") && !lets_in(PRINT "00", PRINT, ""));
    /* no certificate, or one whose subject is too long to be told */
    CHECK(!lets_in("", "", "") && !lets_in("", PRINT, "") && !lets_in(PRINT, "", ""));
    CHECK(!lets_in("CN=me", "", "CN=me") && !lets_in("CN=me", PRINT, ""));
    /* nor does a subject that looks like a fingerprint make one */
    CHECK(!lets_in("CN=" PRINT, PRINT, "CN=x") && !lets_in(PRINT, "", PRINT));
}

static void many_users_are_found(void) {
    static const char *const patterns[] = {"user%d", "%05d", "camera-%d.site.example", "%d0000000"};
    static char text[1 << 20], name[64];
    for (size_t p = 0; p < sizeof(patterns) / sizeof(patterns[0]); p++) {
        size_t n = 0;
        for (int i = 0; i < 10000; i++) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, patterns[p], i);
            n += (size_t)snprintf(text + n, sizeof(text) - n, ":$6$s$h:/home/%d::\n", i);
        }
        comparisons = 0;
        CHECK(read_file(text) == 0 && users.count == 10000);
        CHECK(comparisons < 10000UL * 4); /* two of them are of the home, and of an option */
        (void)snprintf(name, sizeof(name), patterns[p], 9999);
        const struct user *user = users_find(&users, name);
        CHECK(user && strcmp(user->account.home, "/home/9999") == 0 && user->line == 10000);
        CHECK(!users_find(&users, "nobody"));
    }
}

static bool comes_from(const char *range, const char *from) {
    struct cidr cidr;
    struct peer peer = {.kind = PEER_INET, .address.any.sa_family = AF_INET};
    struct user user = {.from = range};
    if (inet_pton(AF_INET, from, &peer.address.in.sin_addr) != 1) {
        peer.address = (union address){.any.sa_family = AF_INET6};
        CHECK(inet_pton(AF_INET6, from, &peer.address.in6.sin6_addr) == 1);
    }
    CHECK(strchr(range, '+') || *range == '\0' || cidr_parse(range, strlen(range), &cidr) == 0);
    return users_may_come_from(&user, &peer);
}

static void addresses_are_matched(void) {
    CHECK(comes_from("", "192.0.2.1") && comes_from("0.0.0.0/0", "192.0.2.1"));
    CHECK(comes_from("192.0.2.0/24", "192.0.2.255") && !comes_from("192.0.2.0/24", "192.0.3.0"));
    CHECK(comes_from("192.0.2.128/25", "192.0.2.200"));
    CHECK(!comes_from("192.0.2.128/25", "192.0.2.100"));
    CHECK(comes_from("192.0.2.7", "192.0.2.7") && !comes_from("192.0.2.7", "192.0.2.6"));
    CHECK(comes_from("2001:db8::/32", "2001:db8:1::1") &&
          !comes_from("2001:db8::/32", "2001:db9::"));
    CHECK(!comes_from("::/0", "192.0.2.1") && !comes_from("0.0.0.0/0", "::1"));
    CHECK(comes_from("198.51.100.0/24+2001:db8::/33", "2001:db8:7fff::"));
    CHECK(!comes_from("198.51.100.0/24+2001:db8::/33", "2001:db8:8000::"));
    CHECK(comes_from("::ffff:192.0.2.0/120", "192.0.2.255") &&
          !comes_from("::ffff:192.0.2.0/120", "192.0.3.0"));
    CHECK(comes_from("::ffff:0:0/96", "192.0.2.1") && !comes_from("::ffff:0:0/96", "::1"));
    CHECK(comes_from("::ffff:192.0.2.7", "192.0.2.7") &&
          !comes_from("::ffff:192.0.2.7", "192.0.2.6"));
    struct peer local = {.kind = PEER_PIPE, .local = true};
    struct user user = {.from = "127.0.0.0/8"};
    CHECK(users_may_come_from(&user, &local));
    user.from = "192.0.2.0/24";
    CHECK(!users_may_come_from(&user, &local));
    static const char *const bad[] = {"",           "/",          "1.2.3",  "1.2.3.4/33",
                                      "1.2.3.4/",   "1.2.3.4/a",  "::/129", "1.2.3.4/-1",
                                      "1.2.3.4/+1", "1.2.3.0/24 "};
    struct cidr cidr;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(cidr_parse(bad[i], strlen(bad[i]), &cidr) == -EINVAL);
}

static void a_lock_stands_before_a_hash(void) {
    static const struct {
        const char *hash;
        bool locked;
    } hashes[] = {{"!", false},
                  {"*", false},
                  {"$6$salt$hash", false},
                  {"!none", false},
                  {"!!", true},
                  {"!*", true},
                  {"!$6$salt$hash", true},
                  {"*$6$salt$hash", false},
                  {"!!$6$salt$hash", true}};
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "me:%s:/::\n", hashes[i].hash);
        CHECK(read_file(line) == 0 && users.rows[0].locked == hashes[i].locked);
        CHECK(users_is_strong(users.rows[0].hash) == (hashes[i].hash[0] == '$'));
    }
}

int main(void) {
    check_run("users: the fields of a line", fields);
    check_run("users: the last day of a user counts", the_last_day_counts);
    check_run("users: what is wrong is told with its line", what_is_wrong_is_told_with_its_line);
    check_run("users: cert= is a fingerprint or a subject", certificates_are_read);
    check_run("users: a lock stands before a hash", a_lock_stands_before_a_hash);
    check_run("users: certificates are compared", certificates_are_compared);
    check_run("users: many users are found", many_users_are_found);
    check_run("users: addresses are matched", addresses_are_matched);
    return check_end();
}
