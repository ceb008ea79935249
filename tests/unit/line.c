#include "net/line.c"

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
    EXPECT("a\r\r\n", "a");
    EXPECT("a\r\r\r\r\n", "a");
    EXPECT("\r\r\n", "");
    EXPECT("a\r\rb\r\r\n", "a\r\rb");
    EXPECT("STOR \r\r\n", "STOR ");
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
    EXPECT("NO\xff\xfa\x18\x00\r\xff\xffx\xff\xf0OP\r\n", "NOOP");
    EXPECT("\xff\xfb\x18\xff\xfd\x01NOOP\r\n", "NOOP");
}

static void an_lf_always_ends_the_line(void) {
    EXPECT("\xff\xfa\x18xterm\n", "");
    EXPECT("\xff\xfa\x18\xff\n", "");
    EXPECT("\xff\xfaPASS x\r\n", "");
    EXPECT("NO\xff\xfa\x18\r\n", "NO");
    EXPECT("\xff\xfb\n", "");
    EXPECT("\xff\xfe\r\n", "");
    EXPECT("\xff\n", "\xff");
    struct line line = {0};
    bool ended;
    (void)feed(&line, "\xff\xfa\x18\xff\n", 5, 1, &ended);
    line_reset(&line);
    CHECK(feed(&line, "NOOP\r\n", 6, 6, &ended) == 6 && ended);
    CHECK(strcmp(line.text, "NOOP") == 0);
}

static void an_argument_has_no_telnet_commands(void) {
    char bytes[] = "STOR a\xff?b\r\n", text[] = "STOR a\xff?b";
    for (int byte = 1; byte < 255; byte++) {
        if (byte == '\n' || byte == '\r')
            continue;
        bytes[7] = text[7] = (char)byte;
        expect(bytes, sizeof(bytes) - 1, text, LINE_GOOD);
    }
    EXPECT("STOR \xff\xec\xe0.txt\r\n", "STOR \xff\xec\xe0.txt");
    EXPECT("STOR \xff\r\n", "STOR \xff");
    EXPECT("STOR \xff\xfa\xff\n", "STOR \xff\xfa\xff");
    EXPECT("STOR \xff\xfb\r\r\n", "STOR \xff\xfb");
    EXPECT("\xff\xf4\xff\xf2STOR \xff\xf2\r\n", "STOR \xff\xf2");
    EXPECT("PASS \xff\xfe\xff \xff\r\n", "PASS \xff\xfe\xff \xff");
}

static void a_doubled_255_stays_one(void) {
    EXPECT("STOR \xff\xff\r\n", "STOR \xff");
    EXPECT("STOR a\xff\xff\xff\xff b\xff\xff\r\n", "STOR a\xff\xff b\xff");
    EXPECT("STOR \xff\xff\xfa\n", "STOR \xff\xfa");
}

/* Whoever sends one alone doubles none, in that line and behind it. */
static void two_255_are_two_once_one_was_alone(void) {
    struct line line = {0};
    bool ended;
    EXPECT("STOR \xff\xff\xff\r\n", "STOR \xff\xff\xff");
    EXPECT("STOR a\xff\xff"
           "b\xff/c\r\n",
           "STOR a\xff\xff"
           "b\xff/c");
    static const char alone[] = "STOR \xff.txt\r\n", two[] = "STOR \xff\xff.txt\r\n",
                      in_verb[] = "NO\xffOP \xff\xff\r\n";
    (void)feed(&line, alone, sizeof(alone) - 1, 1, &ended);
    CHECK(ended && line.doubles_none);
    line_reset(&line);
    (void)feed(&line, two, sizeof(two) - 1, 1, &ended);
    CHECK(ended && strcmp(line.text, "STOR \xff\xff.txt") == 0);
    line_init(&line);
    (void)feed(&line, in_verb, sizeof(in_verb) - 1, 1, &ended);
    CHECK(ended && strcmp(line.text, "NO\xffOP \xff") == 0); /* one in a verb says nothing */
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
    expect("a\0\r\n", 4, "a", LINE_HAS_NUL);
    expect("a\r\0b\r\n", 6, "a\rb", LINE_GOOD);
    expect("a\r\0\0b\r\n", 7, "a\rb", LINE_HAS_NUL);
    expect("a\r\0\r\n", 5, "a", LINE_GOOD);
}

static void nuls_before_a_line_are_nobodys(void) {
    expect("\0NOOP\r\n", 7, "NOOP", LINE_GOOD);
    expect("\0\0\0NOOP\n", 8, "NOOP", LINE_GOOD);
    expect("\0\xff\xf4\0NOOP\r\n", 10, "NOOP", LINE_GOOD);
    struct line line = {0};
    bool ended;
    CHECK(line_feed(&line, (const uint8_t *)"\0\0", 2, &ended) == 2);
    CHECK(!ended && !line.begun);
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
    line_reset(&line);
    memset(bytes, '\r', n);
    for (int i = 0; i < 3; i++) /* more than may be counted */
        (void)feed(&line, bytes, n, n, &ended);
    CHECK(feed(&line, "\n", 1, 1, &ended) == 1);
    CHECK(ended && line.fault == LINE_GOOD && line.length == 0);
    line_reset(&line);
    (void)feed(&line, bytes, n, n, &ended);
    CHECK(feed(&line, "x\n", 2, 2, &ended) == 2);
    CHECK(ended && line.fault == LINE_TOO_LONG && line.length == LINE_LIMIT);
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
    (void)feed(&line, "STOR x\xff\xff\xff", 9, 9, &ended);
    line_end(&line);
    CHECK(strcmp(line.text, "STOR x\xff\xff\xff") == 0);
    line_reset(&line);
    CHECK(!line.begun);
}

int main(void) {
    check_run("line: CR LF and LF end a line, and any number of CRs before them", line_ends);
    check_run("line: what follows a line's end is left alone", nothing_behind_the_line_end_is_used);
    check_run("line: telnet sequences are taken out, also in pieces", telnet_is_taken_out);
    check_run("line: an LF ends a line in the middle of telnet, too", an_lf_always_ends_the_line);
    check_run("line: 255 in an argument is no telnet, whatever follows it",
              an_argument_has_no_telnet_commands);
    check_run("line: a doubled 255 stays one", a_doubled_255_stays_one);
    check_run("line: two are two from a client that has sent one alone",
              two_255_are_two_once_one_was_alone);
    check_run("line: telnet options are refused", telnet_options_are_refused);
    check_run("line: a NUL byte is a fault", nul_is_a_fault_but_not_behind_cr);
    check_run("line: NULs between lines are skipped", nuls_before_a_line_are_nobodys);
    check_run("line: too long a line is skipped to its end", long_lines);
    check_run("line: a line without end", a_line_without_end_can_be_ended);
    return check_end();
}
