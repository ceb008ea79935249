#include "../../src/line.c"

#include <stdlib.h>
#include <string.h>

#include "check.h"

/* Feeds bytes in pieces of `step`; returns how many were used until the first line ended. */
static size_t feed(struct line *line, const char *bytes, size_t n, size_t step, bool *ended) {
    size_t used = 0;
    *ended = false;
    while (used < n && !*ended) {
        size_t piece = n - used < step ? n - used : step;
        used += line_feed(line, (const uint8_t *)bytes + used, piece, ended);
    }
    return used;
}

static void expect(const char *bytes, size_t n, const char *text, enum line_fault fault) {
    for (size_t step = 1; step <= n; step++) {
        struct line line = {0};
        bool ended;
        size_t used = feed(&line, bytes, n, step, &ended);
        CHECK(ended);
        CHECK(used == n);
        CHECK(line.fault == fault);
        CHECK(strcmp(line.text, text) == 0);
    }
}

#define EXPECT(bytes, text) expect(bytes, sizeof(bytes) - 1, text, LINE_GOOD)

static void line_ends(void) {
    EXPECT("NOOP\r\n", "NOOP");
    EXPECT("NOOP\n", "NOOP");
    EXPECT("\r\n", "");
    EXPECT("\n", "");
    EXPECT("a\rb\r\n", "a\rb");
    EXPECT("a\r\r\n", "a\r");
    EXPECT("STOR a  b \r\n", "STOR a  b ");
}

static void nothing_behind_the_line_end_is_used(void) {
    struct line line = {0};
    bool ended;
    static const char bytes[] = "STOR x\r\n\r\n\0data";
    CHECK(line_feed(&line, (const uint8_t *)bytes, sizeof(bytes) - 1, &ended) == 8);
    CHECK(ended);
}

static void telnet_is_taken_out(void) {
    EXPECT("\xff\xf4\xff\xf2"
           "ABOR\r\n",
           "ABOR");
    EXPECT("NO\xff\xfb\x01OP\r\n", "NOOP");
    EXPECT("NO\xff\xfa\x18\x00\r\n\xff\xffx\xff\xf0OP\r\n", "NOOP");
    EXPECT("STOR \xff\xff\r\n", "STOR \xff");
    EXPECT("STOR \xff.txt\r\n", "STOR \xff.txt");
}

static void telnet_options_are_refused(void) {
    struct line line = {0};
    bool ended;
    static const char bytes[] = "\xff\xfd\x01\xff\xfb\x03\xff\xfc\x05\xff\xfe\x06\r\n";
    (void)feed(&line, bytes, sizeof(bytes) - 1, 1, &ended);
    CHECK(line.refusal_length == 6);
    CHECK(memcmp(line.refusal, "\xff\xfc\x01\xff\xfe\x03", 6) == 0);
    for (int i = 0; i < 1000; i++)
        (void)feed(&line, bytes, sizeof(bytes) - 1, 4, &ended);
    CHECK(line.refusal_length <= LINE_REFUSAL_LIMIT);
}

static void nul_is_a_fault_but_not_behind_cr(void) {
    expect("a\0b\r\n", 5, "ab", LINE_HAS_NUL);
    expect("a\r\0b\r\n", 6, "a\rb", LINE_GOOD);
}

static void long_lines(void) {
    size_t n = LINE_LIMIT + 2;
    char *bytes = malloc(n + 2);
    if (!bytes)
        abort();
    memset(bytes, 'x', n);
    struct line line = {0};
    bool ended;
    memcpy(bytes + LINE_LIMIT, "\r\n", 2);
    CHECK(feed(&line, bytes, LINE_LIMIT + 2, 1000, &ended) == LINE_LIMIT + 2);
    CHECK(ended && line.fault == LINE_GOOD && line.length == LINE_LIMIT);
    line_reset(&line);
    memcpy(bytes + LINE_LIMIT, "x\r\n", 3);
    CHECK(feed(&line, bytes, LINE_LIMIT + 3, 1000, &ended) == LINE_LIMIT + 3);
    CHECK(ended && line.fault == LINE_TOO_LONG);
    line_reset(&line);
    CHECK(feed(&line, "NOOP\r\n", 6, 6, &ended) == 6);
    CHECK(ended && line.fault == LINE_GOOD && strcmp(line.text, "NOOP") == 0);
    free(bytes);
}

static void a_line_without_end_can_be_ended(void) {
    struct line line = {0};
    bool ended;
    CHECK(!line.begun);
    (void)feed(&line, "STOR x", 6, 6, &ended);
    CHECK(!ended && line.begun);
    line_end(&line);
    CHECK(strcmp(line.text, "STOR x") == 0);
    line_reset(&line);
    CHECK(!line.begun);
}

int main(void) {
    check_run("line: CR LF and LF end a line", line_ends);
    check_run("line: what follows a line's end is left alone", nothing_behind_the_line_end_is_used);
    check_run("line: telnet sequences are taken out, also in pieces", telnet_is_taken_out);
    check_run("line: telnet options are refused", telnet_options_are_refused);
    check_run("line: a NUL byte is a fault", nul_is_a_fault_but_not_behind_cr);
    check_run("line: too long a line is skipped to its end", long_lines);
    check_run("line: a line without end", a_line_without_end_can_be_ended);
    return check_end();
}
