#include "session/names.c"
#include "base/escape.c"

#include "check.h"

enum { ROOM = 4096 };

/* What becomes of a name that a client sends, or NULL. */
static const char *take(struct names *names, const char *sent) {
    static char path[ROOM];
    memcpy(path, sent, strlen(sent) + 1);
    if (names_take(names, path, sizeof(path)) == 0)
        return path;
    CHECK(strcmp(path, sent) == 0); /* the log tells it as it came */
    return NULL;
}

static bool takes(struct names *names, const char *sent, const char *expected) {
    const char *name = take(names, sent);
    return expected ? name && strcmp(name, expected) == 0 : !name;
}

static bool shows(const struct names *names, const char *name, const char *expected) {
    char room[NAMES_PART];
    size_t n = strlen(name);
    const char *shown = names_show(names, name, &n, room);
    return n == strlen(expected) && memcmp(shown, expected, n) == 0;
}

static void encodings(void) {
    static const char *const good[] = {"raw",   "refuse",     "CP1252", "cp1251", "ISO-8859-1",
                                       "CP932", "ISO8859-15", "KOI8-R", "BIG5",   "UTF-8"};
    static const char *const bad[] = {"",       "KLINGON",   "UTF-16", "UTF-32LE",       "UTF-7",
                                      "CP1047", "EBCDIC-US", "/",      "CP1252//IGNORE", "Raw"};
    struct names names;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK(names_open(&names, good[i]) == 0);
        names_close(&names);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(names_open(&names, bad[i]) == -EINVAL);
        names_close(&names);
    }
}

static void raw_and_refuse(void) {
    struct names names = {0};
    CHECK(takes(&names, "caf\xe9", "caf\xe9"));
    CHECK(names_open(&names, "raw") == 0);
    CHECK(takes(&names, "caf\xe9/\xff", "caf\xe9/\xff"));
    CHECK(shows(&names, "caf\xc3\xa9", "caf\xc3\xa9"));
    CHECK(names_open(&names, "refuse") == 0);
    CHECK(takes(&names, "caf\xe9", NULL));
    CHECK(takes(&names, "caf\xc3\xa9", "caf\xc3\xa9"));
    CHECK(takes(&names, "", ""));
}

static void names_become_utf8(void) {
    struct names names;
    CHECK(names_open(&names, "CP1252") == 0);
    CHECK(takes(&names, "plain", "plain"));
    CHECK(takes(&names,
                "gr\xf6\xdf"
                "e\x80",
                "gr\xc3\xb6\xc3\x9f"
                "e\xe2\x82\xac"));
    CHECK(takes(&names,
                "gr\xc3\xb6\xc3\x9f"
                "e",
                "gr\xc3\xb6\xc3\x9f"
                "e"));
    CHECK(takes(&names, "/\xc3\xb6/\xf6/", "/\xc3\xb6/\xc3\xb6/"));
    CHECK(takes(&names, "755 \xff", "755 \xc3\xbf"));
    CHECK(takes(&names, "\xf6/\x81", NULL));
    names_close(&names);
    CHECK(names_open(&names, "CP1258") == 0); /* holds letters back for their accents */
    CHECK(takes(&names, "a\xec", "\xc3\xa1"));
    CHECK(takes(&names,
                "\xd0"
                "a/x\xd0",
                "\xc4\x90"
                "a/x\xc4\x90"));
    names_close(&names);
}

static void clients_see_what_they_write(void) {
    struct names names;
    CHECK(names_open(&names, "CP1252") == 0);
    CHECK(shows(&names, "\xc3\xb6", "\xc3\xb6"));
    CHECK(takes(&names, "\xf6", "\xc3\xb6") && takes(&names, "plain", "plain"));
    CHECK(shows(&names, "\xc3\xb6", "\xf6"));
    CHECK(shows(&names, "plain", "plain"));
    CHECK(shows(&names, "\xe6\x97\xa5", "\xe6\x97\xa5"));         /* it has no such character */
    CHECK(shows(&names, "\xc3\x83\xc2\xbc", "\xc3\x83\xc2\xbc")); /* which would be UTF-8 */
    CHECK(shows(&names, "\xc3\xb6\x1b", "\xc3\xb6\x1b"));
    CHECK(shows(&names, "\xf6", "\xf6")); /* is none */
    CHECK(takes(&names, "\xc3\xb6", "\xc3\xb6"));
    CHECK(shows(&names, "\xc3\xb6", "\xc3\xb6"));
    names_close(&names);
}

static void long_names(void) {
    struct names names;
    char path[8], part[NAMES_PART + 1];
    CHECK(names_open(&names, "CP1252") == 0);
    memcpy(path, "\xf6", 2);
    CHECK(names_take(&names, path, 5) == 0 && strcmp(path, "\xc3\xb6") == 0);
    memcpy(path, "\xf6", 2);
    CHECK(names_take(&names, path, 4) == -ENAMETOOLONG && strcmp(path, "\xf6") == 0);
    memcpy(path, "\xf6/", 3);
    CHECK(names_take(&names, path, 6) == -ENAMETOOLONG);
    memset(part, 0xf6, NAMES_PART);
    part[NAMES_PART] = '\0';
    CHECK(takes(&names, part, NULL));
    for (size_t i = 0; i < NAMES_PART; i += 2)
        memcpy(part + i, "\xc3\xb6", 2);
    size_t n = NAMES_PART;
    char room[NAMES_PART];
    CHECK(takes(&names, "\xf6", "\xc3\xb6"));
    CHECK(names_show(&names, part, &n, room) == part && n == NAMES_PART);
    n -= 2;
    CHECK(names_show(&names, part, &n, room) == room && n == NAMES_PART / 2 - 1);
    names_close(&names);
}

int main(void) {
    check_run("names: encodings that hold ASCII, and no others", encodings);
    check_run("names: raw takes all, refuse takes UTF-8", raw_and_refuse);
    check_run("names: what is not UTF-8 is converted, part by part", names_become_utf8);
    check_run("names: a client is shown what it can send back", clients_see_what_they_write);
    check_run("names: what is too long is refused and left as it is", long_names);
    return check_end();
}
