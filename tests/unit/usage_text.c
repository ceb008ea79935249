#include "store/usage_text.c"

#include "check.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static const char line[] = BOOT " clean 0000000000000001234 001795385232893 0000000012 "
                                "0000000000000000056\n";

static bool parses(const char *text, size_t n) {
    struct usage_text count;
    return usage_text_parse(&count, text, n);
}

static void a_line_is_what_was_written(void) {
    struct usage_text count = {.boot = BOOT,
                               .clean = true,
                               .held = {.bytes = 1234, .names = 56},
                               .counted = 1795385232893,
                               .took = 12},
                      read;
    char text[USAGE_TEXT_LINE_LENGTH + 1];
    usage_text_format(&count, text);
    CHECK(sizeof(line) == sizeof(text) && strcmp(text, line) == 0);
    CHECK(usage_text_parse(&read, text, USAGE_TEXT_LINE_LENGTH));
    CHECK(strcmp(read.boot, BOOT) == 0 && read.clean && read.held.bytes == 1234 &&
          read.held.names == 56);
    CHECK(read.counted == 1795385232893 && read.took == 12);
}

static void all_widths_are_the_same(void) {
    struct usage_text count = {.held = {UINT64_MAX, UINT64_MAX},
                               .counted = UINT64_MAX,
                               .took = UINT64_MAX},
                      read;
    char text[USAGE_TEXT_LINE_LENGTH + 1];
    usage_text_format(&count, text);
    CHECK(strlen(text) == USAGE_TEXT_LINE_LENGTH && text[USAGE_TEXT_LINE_LENGTH - 1] == '\n');
    CHECK(usage_text_parse(&read, text, USAGE_TEXT_LINE_LENGTH));
    CHECK(read.boot[0] == '\0' && !read.clean && read.held.bytes == AMOUNT_MOST &&
          read.held.names == AMOUNT_MOST);
}

static void what_is_not_written_so_is_no_line(void) {
    char text[sizeof(line)];
    CHECK(parses(line, sizeof(line) - 1) && !parses(line, sizeof(line) - 2) && !parses("", 0));
    for (size_t i = USAGE_TEXT_BOOT_SIZE - 1; i < sizeof(line) - 1; i++) {
        for (const char *wrong = "x -+\n_"; *wrong; wrong++) {
            memcpy(text, line, sizeof(line));
            if (text[i] == *wrong)
                continue;
            text[i] = *wrong;
            CHECK(!parses(text, sizeof(line) - 1));
        }
    }
    memcpy(text, line, sizeof(line));
    text[CLEAN_AT - 4] = ' '; /* within the id */
    CHECK(!parses(text, sizeof(line) - 1));
    memcpy(text, line, sizeof(line));
    memset(text + BYTES_AT, '9', 19);
    CHECK(!parses(text, sizeof(line) - 1));
}

static bool are_owners(const char *text) {
    return usage_text_has_owners(text, strlen(text));
}

static void owners_are_lines(void) {
    CHECK(are_owners("") && are_owners("-\n") && are_owners("u.me\nu.a%20b\n"));
    CHECK(!are_owners("u.me") && !are_owners("u.me\n\n") && !are_owners("\n"));
    CHECK(!are_owners("..\n") && !are_owners("u/../..\n") && !are_owners("u.me\nu me\n"));
    CHECK(!usage_text_has_owners("u\0\n", 3));
    CHECK(usage_text_has_owner("u.me\nu.you\n", "u.you") &&
          usage_text_has_owner("u.me\nu.you\n", "u.me"));
    CHECK(!usage_text_has_owner("u.me\nu.you\n", "u.m") &&
          !usage_text_has_owner("u.me\n", "u.mee"));
    CHECK(!usage_text_has_owner("", "u.me"));
}

int main(void) {
    check_run("a line reads as it was written", a_line_is_what_was_written);
    check_run("lines always have the same width", all_widths_are_the_same);
    check_run("what is not written just so is no line", what_is_not_written_so_is_no_line);
    check_run("owners are lines of plain names", owners_are_lines);
    return check_end();
}
