#include "store/ascii.c"

#include <stdlib.h>

#include "check.h"

/* Converts text in pieces of `step`, each in a buffer with its spare byte. */
static size_t convert(const char *text, size_t n, size_t step, char *out) {
    struct ascii ascii = {0};
    size_t length = 0;
    for (size_t at = 0; at < n; at += step) {
        uint8_t buffer[64], *bytes = buffer + 1;
        size_t piece = n - at < step ? n - at : step;
        memcpy(bytes, text + at, piece);
        size_t got = ascii_to_local(&ascii, &bytes, piece);
        memcpy(out + length, bytes, got);
        length += got;
    }
    if (ascii.cr)
        out[length++] = '\r';
    out[length] = '\0';
    return length;
}

static void expect_bytes(const char *text, size_t n, const char *local, size_t n_local) {
    char out[64];
    for (size_t step = 1; step <= n; step++) {
        CHECK(convert(text, n, step, out) == n_local);
        CHECK(memcmp(out, local, n_local) == 0);
    }
}

static void expect(const char *text, const char *local) {
    expect_bytes(text, strlen(text), local, strlen(local));
}

static void line_ends_are_converted(void) {
    expect("a\r\nb\r\n", "a\nb\n");
    expect("\r\n\r\n", "\n\n");
    expect("a\nb", "a\nb");
    expect("a\rb", "a\rb");
    expect("a\r\r\nb", "a\r\nb");
    expect("\r\r\r", "\r\r\r");
    expect("a\r", "a\r");
    expect("plain", "plain");
    expect("\n\r\n\r", "\n\n\r");
}

#define EXPECT_BYTES(text, local) expect_bytes(text, sizeof(text) - 1, local, sizeof(local) - 1)

static void cr_nul_is_a_bare_cr(void) {
    EXPECT_BYTES("one\r\0\r\ntwo\r\n", "one\r\ntwo\n");
    EXPECT_BYTES("a\r\0b", "a\rb");
    EXPECT_BYTES("a\r\0", "a\r");
    EXPECT_BYTES("\r\0\r\0\r", "\r\r\r");
    EXPECT_BYTES("\r\r\0\n", "\r\r\n");
    EXPECT_BYTES("\r\0\0", "\r\0");
    EXPECT_BYTES("a\0\n\0\r\n\0", "a\0\n\0\n\0");
}

/* Converts text for the network in pieces of `step`. */
static bool sends(const char *text, size_t step, const char *network) {
    struct ascii ascii = {0};
    char out[64];
    size_t length = 0, n = strlen(text);
    for (size_t at = 0; at < n; at += step)
        length += ascii_to_network(&ascii, (const uint8_t *)text + at,
                                   n - at < step ? n - at : step, (uint8_t *)out + length);
    return length == strlen(network) && memcmp(out, network, length) == 0;
}

static void line_ends_are_sent(void) {
    static const char *const rows[][2] = {
        {"a\nb\n", "a\r\nb\r\n"},   {"\n\n", "\r\n\r\n"},
        {"a\r\nb\n", "a\r\nb\r\n"}, {"a\rb", "a\rb"},
        {"\r\r\n\r", "\r\r\n\r"},   {"\n\r\n\n", "\r\n\r\n\r\n"},
        {"plain", "plain"},         {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t step = 1; step <= strlen(rows[i][0]); step++)
            CHECK(sends(rows[i][0], step, rows[i][1]));
    }
}

int main(void) {
    check_run("ascii: CR LF becomes LF however it is split, other CRs stay",
              line_ends_are_converted);
    check_run("ascii: CR NUL becomes CR however it is split, other NULs stay", cr_nul_is_a_bare_cr);
    check_run("ascii: LF becomes CR LF however it is split, CR LF and other CRs stay",
              line_ends_are_sent);
    return check_end();
}
