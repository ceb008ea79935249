#include "base/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ONE_MOST = 4 * 4 + 1 }; /* bytes that one character can become, with NUL */

/* The character that text begins with. Returns how many bytes it has, 0 if it is not UTF-8. */
static size_t decode(const uint8_t *text, uint32_t *ret) {
    static const struct {
        uint8_t mask, lead;
        uint32_t least; /* below that there is a shorter form */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    size_t n = 0;
    while (n < 4 && (text[0] & forms[n].mask) != forms[n].lead)
        n++;
    if (n == 4)
        return 0;
    uint32_t character = text[0] & (uint8_t)~forms[n].mask;
    for (size_t i = 1; i <= n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (text[i] & 0x3f);
    }
    bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < forms[n].least || character > 0x10ffff || is_surrogate)
        return 0;
    *ret = character;
    return n + 1;
}

/* Does it do anything other than show itself? */
static bool is_unsafe(uint32_t character) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x1f},                       /* C0 */
        {0x7f, 0x9f},                       /* DEL, C1 */
        {0x061c, 0x061c}, {0x200e, 0x200f}, /* marks of direction */
        {0x2028, 0x202e}, {0x2066, 0x2069}, /* ends of lines; more of direction */
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, /* invisible */
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    }
    return false;
}

/* Does some program take it for a blank? (" " itself is handled elsewhere.) */
static bool is_blank(uint32_t character) {
    return character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x202f ||
           character == 0x205f || character == 0x3000;
}

/* Writes the character at text, of n bytes (0: one byte that is not UTF-8), as it is shown. */
typedef void escape_one(char out[ONE_MOST], const uint8_t *text, size_t n, uint32_t character);

static void show_bytes(char out[ONE_MOST], const char *prefix, const uint8_t *text, size_t n) {
    size_t length = 0;
    for (size_t i = 0; i < (n ? n : 1); i++)
        length += (size_t)snprintf(out + length, ONE_MOST - length, "%sx%02x", prefix, text[i]);
}

static void for_line(char out[ONE_MOST], const uint8_t *text, size_t n, uint32_t character) {
    if (n == 0 || is_unsafe(character))
        show_bytes(out, "\\", text, n);
    else if (character == '\\')
        (void)snprintf(out, ONE_MOST, "\\\\");
    else
        (void)snprintf(out, ONE_MOST, "%.*s", (int)n, (const char *)text);
}

static void for_json(char out[ONE_MOST], const uint8_t *text, size_t n, uint32_t character) {
    if (n == 0)
        show_bytes(out, "\\\\", text, n);
    else if (is_unsafe(character))
        (void)snprintf(out, ONE_MOST, "\\u%04x", (unsigned)character);
    else if (character == '\\' || character == '"')
        (void)snprintf(out, ONE_MOST, "\\%c", (char)character);
    else
        (void)snprintf(out, ONE_MOST, "%.*s", (int)n, (const char *)text);
}

static void for_word(char out[ONE_MOST], const uint8_t *text, size_t n, uint32_t character) {
    if (n == 0 || is_unsafe(character) || is_blank(character))
        (void)snprintf(out, ONE_MOST, "_");
    else
        (void)snprintf(out, ONE_MOST, "%.*s", (int)n, (const char *)text);
}

static void for_dialogue(char out[ONE_MOST], const uint8_t *text, size_t n, uint32_t character) {
    const char *letter = n == 1 && character ? strchr("\rr\nn\tt", (int)character) : NULL;
    if (letter && character < ' ')
        (void)snprintf(out, ONE_MOST, "\\%c", letter[1]);
    else if (character == '{')
        show_bytes(out, "\\", text, n);
    else
        for_line(out, text, n, character);
}

/* How many bytes at text are shown as they are by every escape_one. */
static size_t plain(const uint8_t *text) {
    size_t n = 0;
    while (text[n] >= 0x20 && text[n] < 0x7f && text[n] != '\\' && text[n] != '"' && text[n] != '{')
        n++;
    return n;
}

static size_t escape(char *out, size_t size, const char *text, escape_one *one) {
    size_t length = 0;
    for (const uint8_t *at = (const uint8_t *)text;;) {
        uint32_t character = 0;
        char shown[ONE_MOST];
        size_t n = plain(at), room = size - length - 1;
        size_t piece = n < room ? n : room;
        memcpy(out + length, at, piece);
        length += piece;
        at += piece;
        if (piece < n || *at == '\0')
            break;
        n = decode(at, &character);
        one(shown, at, n, character);
        size_t more = strlen(shown);
        if (length + more >= size)
            break;
        memcpy(out + length, shown, more);
        length += more;
        at += n ? n : 1;
    }
    out[length] = '\0';
    return length;
}

size_t escape_line(char *out, size_t size, const char *text) {
    return escape(out, size, text, for_line);
}

size_t escape_json(char *out, size_t size, const char *text) {
    return escape(out, size, text, for_json);
}

size_t escape_word(char *out, size_t size, const char *text) {
    size_t length = escape(out, size, text, for_word);
    for (char *blank = out; (blank = strchr(blank, ' '));)
        *blank = '_';
    return length;
}

size_t escape_dialogue(char *out, size_t size, const char *bytes, size_t n) {
    size_t length = 0;
    for (size_t at = 0; at <= n; at++) {
        length += escape(out + length, size - length, bytes + at, for_dialogue);
        at += strlen(bytes + at);
        if (at < n && length + 2 < size) {
            memcpy(out + length, "\\0", sizeof("\\0"));
            length += 2;
        }
    }
    return length;
}

void escape_in_place(char *text, size_t n) {
    for (size_t at = 0, size; at < n; at += size) {
        uint32_t character = 0;
        size_t length = decode((const uint8_t *)text + at, &character);
        size = length ? length : 1;
        if (length == 0 || (is_unsafe(character) && character != '\t'))
            memset(text + at, '?', size);
    }
}

bool escape_is_utf8(const char *text) {
    const uint8_t *at = (const uint8_t *)text;
    uint32_t character;
    size_t n = 1;
    for (; *at && n; at += n)
        n = decode(at, &character);
    return n != 0;
}
