#include "../../src/ascii.c"

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

static void expect(const char *text, const char *local) {
    char out[64];
    for (size_t step = 1; step <= strlen(text); step++) {
        CHECK(convert(text, strlen(text), step, out) == strlen(local));
        CHECK(strcmp(out, local) == 0);
    }
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

int main(void) {
    check_run("ascii: CR LF becomes LF however it is split, other CRs stay",
              line_ends_are_converted);
    return check_end();
}
