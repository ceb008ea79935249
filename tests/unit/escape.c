#include "base/escape.c"

#include <stdlib.h>

#include "check.h"

typedef size_t escape_function(char *out, size_t size, const char *text);

static bool becomes(escape_function *function, const char *text, const char *expected) {
    char out[4096];
    size_t n = function(out, sizeof(out), text);
    bool same = n == strlen(out) && strcmp(out, expected) == 0;
    if (!same)
        printf("# got: %s\n", out);
    return same;
}

static bool line(const char *text, const char *expected) {
    return becomes(escape_line, text, expected);
}

static bool json(const char *text, const char *expected) {
    return becomes(escape_json, text, expected);
}

static void what_is_harmless(void) {
    static const char text[] = "a b~\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 <3>'{}%s";
    CHECK(line("", ""));
    CHECK(line(text, text));
    CHECK(json("", ""));
    CHECK(json(text, text));
    CHECK(line("\"", "\""));
    CHECK(line("\\x41", "\\\\x41"));
    CHECK(json("\"\\/", "\\\"\\\\/"));
    CHECK(json("\"},{\"a\":\"", "\\\"},{\\\"a\\\":\\\""));
}

/* Everything below U+10000 that does something else than to show itself, or is none. */
static void every_short_character(void) {
    static const struct {
        unsigned first, last;
    } unsafe[] = {{0x01, 0x1f},     {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f},
                  {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}};
    unsigned wrong = 0;
    for (unsigned c = 1; c < 0x10000; c++) {
        char bytes[4] = {0}, shown[64] = "", quoted[64] = "", out[64];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
        bytes[0] = (char)(n == 1 ? c : n == 2 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
        if (n > 1)
            bytes[n - 1] = (char)(0x80 | (c & 0x3f));
        if (n > 2)
            bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
        bool no_utf8 = c >= 0xd800 && c <= 0xdfff, bad = no_utf8;
        for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
            bad = bad || (c >= unsafe[i].first && c <= unsafe[i].last);
        for (size_t i = 0; bad && i < n; i++)
            (void)sprintf(shown + 4 * i, "\\x%02x", (unsigned char)bytes[i]);
        for (size_t i = 0; no_utf8 && i < n; i++)
            (void)sprintf(quoted + 5 * i, "\\\\x%02x", (unsigned char)bytes[i]);
        if (!bad)
            (void)sprintf(shown, "%s%s", c == '\\' ? "\\" : "", bytes);
        if (!bad)
            (void)sprintf(quoted, "%s%s", c == '\\' || c == '"' ? "\\" : "", bytes);
        else if (!no_utf8)
            (void)sprintf(quoted, "\\u%04x", c);
        (void)escape_line(out, sizeof(out), bytes);
        wrong += strcmp(out, shown) != 0;
        (void)escape_json(out, sizeof(out), bytes);
        wrong += strcmp(out, quoted) != 0 || escape_is_utf8(bytes) == no_utf8;
    }
    CHECK(wrong == 0);
}

static void what_is_no_utf8(void) {
    CHECK(line("\xff", "\\xff"));
    CHECK(line("\x80", "\\x80"));
    CHECK(line("caf\xe9", "caf\\xe9"));
    CHECK(line("\xc0\xaf", "\\xc0\\xaf"));                   /* overlong */
    CHECK(line("\xe0\x80\xaf", "\\xe0\\x80\\xaf"));          /* overlong */
    CHECK(line("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf")); /* overlong */
    CHECK(line("\xc1\x81", "\\xc1\\x81"));
    CHECK(line("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"));     /* U+10FFFF */
    CHECK(line("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80")); /* behind it */
    CHECK(line("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"));
    CHECK(line("\xe2\x82", "\\xe2\\x82")); /* cut off */
    CHECK(line("\xe2\x82z", "\\xe2\\x82z"));
    CHECK(line("\xf0\x9f\x98", "\\xf0\\x9f\\x98"));
    CHECK(line("\xc3", "\\xc3"));
    CHECK(line("\xc3\xc3\xa4", "\\xc3\xc3\xa4"));
    CHECK(json("caf\xe9", "caf\\\\xe9"));
    CHECK(json("\xed\xa0\x80", "\\\\xed\\\\xa0\\\\x80"));
    CHECK(!escape_is_utf8("caf\xe9"));
    CHECK(!escape_is_utf8("\xe2\x82"));
    CHECK(escape_is_utf8("caf\xc3\xa9"));
    CHECK(escape_is_utf8(""));
}

static bool in_place(const char *text, size_t n, const char *expected) {
    char bytes[256];
    memcpy(bytes, text, n + 1);
    escape_in_place(bytes, n);
    return strlen(bytes) == n && strcmp(bytes, expected) == 0;
}

#define IN_PLACE(text, expected) CHECK(in_place(text, sizeof(text) - 1, expected))

static void what_stays_where_it_is(void) {
    IN_PLACE("", "");
    IN_PLACE("a\tb\\ \"{", "a\tb\\ \"{");
    IN_PLACE("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0",
             "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0");
    IN_PLACE("\033[1m\a\r\n\177", "?[1m????");
    IN_PLACE("a\0b", "a?b");
    IN_PLACE("\x9b"
             "1m\x80\x9f\xff",
             "?1m???");
    IN_PLACE("\xc2\x9b"
             "1m\xc2\x80\xc2\x9f",
             "??1m????");
    IN_PLACE("\xe2\x80\xae\xd8\x9c", "?????");
    IN_PLACE("\xc0\x9b\xe0\x82\x9b", "?????"); /* too long forms */
    IN_PLACE("\xe2\x82", "??");                /* cut off */
    IN_PLACE("\xe2\x82\xc3\xa4", "??\xc3\xa4");
}

/* The first bytes of what there is with all the room, cut between characters, whatever the size. */
static void every_size(escape_function *function) {
    static const char text[] =
        "a\n\xe2\x82\xac\xff\\\"\xf0\x9f\x98\x80\xe2\x80\xa8plain text\xc3\xa4z";
    char whole[256], cut[256];
    size_t all = function(whole, sizeof(whole), text), before = 0;
    for (size_t size = 1; size <= all + 2; size++) {
        memset(cut, '#', sizeof(cut));
        size_t n = function(cut, size, text);
        CHECK(n < size && cut[n] == '\0' && cut[size] == '#');
        CHECK(n >= before && memcmp(cut, whole, n) == 0);
        CHECK(escape_is_utf8(cut));
        CHECK(size <= all || n == all);
        /* nothing is left out that has room: the longest of these pieces has 15 bytes */
        CHECK(n + 16 > size || n == all);
        before = n;
    }
}

static void every_size_of_a_line(void) {
    every_size(escape_line);
}

static void every_size_of_json(void) {
    every_size(escape_json);
}

/* No piece of an escape is left behind */
static void no_half_escapes(void) {
    char out[16];
    for (size_t size = 1; size < 5; size++)
        CHECK(escape_line(out, size, "\n") == (size == 5 ? 4 : 0));
    CHECK(escape_line(out, 5, "\n") == 4);
    CHECK(escape_line(out, 2, "\\") == 0);
    CHECK(escape_line(out, 3, "\\") == 2);
    CHECK(escape_json(out, 6, "\n") == 0);
    CHECK(escape_json(out, 7, "\n") == 6);
    CHECK(escape_json(out, 2, "\"") == 0);
    CHECK(escape_line(out, 3, "a\xc3\xa4") == 1);
    CHECK(escape_line(out, 4, "a\xc3\xa4") == 3);
}

int main(void) {
    check_run("what is harmless stays as it is, but for backslash and quote", what_is_harmless);
    check_run("every character below U+10000 is shown or escaped as it should be",
              every_short_character);
    check_run("bytes that are not UTF-8 are escaped, each by itself", what_is_no_utf8);
    check_run("in place, what does more than to show itself is question marks",
              what_stays_where_it_is);
    check_run("a line is cut between characters, whatever the room", every_size_of_a_line);
    check_run("so is JSON", every_size_of_json);
    check_run("escapes are whole or not there", no_half_escapes);
    return check_end();
}
