/*
 * Fuzzes escape: whatever the bytes and the room, what comes out is one line of UTF-8 that nothing
 * can be taken for but what went in: taking the escapes back gives the bytes again.
 */
#include <stdlib.h>

#include "base/escape.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
    if (!condition)
        abort();
}

/* UTF-8, of which no character does anything. Told apart from escape.c's own by another way to
 * say it. */
static void must_be_harmless(const char *text) {
    must(escape_is_utf8(text));
    for (const uint8_t *c = (const uint8_t *)text; *c; c++) {
        must(*c >= 0x20 && *c != 0x7f);
        must(*c != 0xc2 || c[1] >= 0xa0);                                   /* C1 */
        must(*c != 0xd8 || c[1] != 0x9c);                                   /* U+061C */
        must(*c != 0xe2 || c[1] != 0x80 || (c[2] != 0x8e && c[2] != 0x8f)); /* U+200E */
        must(*c != 0xe2 || c[1] != 0x80 || c[2] < 0xa8 || c[2] > 0xae);     /* U+2028 */
        must(*c != 0xe2 || c[1] != 0x81 || c[2] < 0xa6 || c[2] > 0xa9);     /* U+2066 */
        must(*c != 0xef || c[1] != 0xbb || c[2] != 0xbf);                   /* U+FEFF */
        must(*c != 0xef || c[1] != 0xbf || c[2] < 0xb9 || c[2] > 0xbb);     /* U+FFF9 */
    }
}

static unsigned digits(const char *text, int count) {
    unsigned value = 0;
    for (int i = 0; i < count; i++) {
        const char *digit = text[i] ? strchr("0123456789abcdef", text[i]) : NULL;
        must(digit != NULL);
        value = value << 4 | (unsigned)(digit - "0123456789abcdef");
    }
    return value;
}

/* Takes escape_line back. */
static size_t undo_line(const char *text, char *out) {
    size_t n = 0;
    while (*text) {
        if (*text != '\\') {
            out[n++] = *text++;
        } else if (text[1] == '\\') {
            out[n++] = '\\';
            text += 2;
        } else {
            must(text[1] == 'x');
            out[n++] = (char)digits(text + 2, 2);
            text += 4;
        }
    }
    return n;
}

/* Takes the escapes of JSON back, of which we use three. */
static size_t undo_json(const char *text, char *out) {
    size_t n = 0;
    while (*text) {
        must(*text != '"');
        if (*text != '\\') {
            out[n++] = *text++;
        } else if (text[1] == 'u') {
            unsigned c = digits(text + 2, 4);
            if (c >= 0x800)
                out[n++] = (char)(0xe0 | c >> 12);
            if (c >= 0x80)
                out[n++] = (char)(c < 0x800 ? 0xc0 | c >> 6 : 0x80 | (c >> 6 & 0x3f));
            out[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3f));
            text += 6;
        } else {
            must(text[1] == '\\' || text[1] == '"');
            out[n++] = text[1];
            text += 2;
        }
    }
    return n;
}

/* Of the same length, harmless but for TABs, and the same where nothing had to be done. */
static void fuzz_in_place(const char *text, size_t length, const char *line, char *out) {
    memcpy(out, text, length + 1);
    escape_in_place(out, length);
    must(strlen(out) == length);
    must(strcmp(line, text) != 0 || strcmp(out, text) == 0);
    for (char *tab; (tab = strchr(out, '\t'));)
        *tab = ' ';
    must_be_harmless(out);
}

/* What is cut is the beginning of what is not. */
static void fuzz_room(size_t (*function)(char *, size_t, const char *), const char *text,
                      const char *whole, size_t size) {
    char *cut = malloc(size);
    must(cut != NULL);
    size_t n = function(cut, size, text);
    must(n < size && cut[n] == '\0' && memcmp(cut, whole, n) == 0);
    must_be_harmless(cut);
    free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1)
        return 0;
    size_t room = data[0] + 1U, most = 6 * size + 1;
    char *text = malloc(size), *out = malloc(most), *back = malloc(most);
    must(text && out && back);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    size_t length = strlen(text), n = escape_line(out, most, text);
    must(n == strlen(out));
    must_be_harmless(out);
    must(undo_line(out, back) == length && memcmp(back, text, length) == 0);
    fuzz_room(escape_line, text, out, room);
    fuzz_in_place(text, length, out, back);

    n = escape_json(out, most, text);
    must(n == strlen(out));
    must_be_harmless(out);
    size_t got = undo_json(out, back);
    must(!escape_is_utf8(text) || (got == length && memcmp(back, text, length) == 0));
    fuzz_room(escape_json, text, out, room);
    free(text);
    free(out);
    free(back);
    return 0;
}
