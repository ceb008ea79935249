#include "log/json_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 64 };

/* The end of a string that begins at text: its quote; or NULL. */
static const char *end_of_string(const char *text) {
    while (*text && *text != '"')
        text += 1 + (*text == '\\' && text[1]);
    return *text ? text : NULL;
}

const char *json_next(const char *at, struct json_member *ret_member) {
    if ((*at != '{' && *at != ',') || at[1] != '"')
        return NULL;
    const char *name = at + 2, *end = end_of_string(name);
    if (!end || end[1] != ':')
        return NULL;
    bool is_string = end[2] == '"';
    const char *value = end + 2 + is_string;
    const char *stop = is_string ? end_of_string(value) : value + strspn(value, "0123456789.-");
    if (!stop)
        return NULL;
    *ret_member = (struct json_member){.name = name,
                                       .name_length = (size_t)(end - name),
                                       .value = value,
                                       .length = (size_t)(stop - value),
                                       .is_string = is_string};
    return stop + is_string;
}

/* A character as UTF-8. Returns how many bytes that takes. */
static size_t encode(unsigned character, char out[4]) {
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xc0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | character >> 12);
    out[1] = (char)(0x80 | (character >> 6 & 0x3f));
    out[2] = (char)(0x80 | (character & 0x3f));
    return 3;
}

static bool read_hex(const char *text, size_t n, unsigned *ret) {
    char digits[5] = "";
    memcpy(digits, text, n);
    if (strspn(digits, "0123456789abcdefABCDEF") != n)
        return false;
    *ret = (unsigned)strtoul(digits, NULL, 16);
    return true;
}

/* Undoes the escape at text, of which n bytes are left. Returns how many it takes, 0 if it is none.
 */
static size_t unescape(const char *text, size_t n, char out[4], size_t *ret_length) {
    unsigned character;
    *ret_length = 1;
    if (n >= 2 && (text[1] == '\\' || text[1] == '"')) {
        out[0] = text[1];
        return 2;
    }
    if (n < 6 || text[1] != 'u' || !read_hex(text + 2, 4, &character) || character == 0)
        return 0;
    *ret_length = encode(character, out);
    return 6;
}

static bool decode_string(const struct json_member *member, char *out, size_t size) {
    size_t length = 0;
    for (size_t at = 0; at < member->length;) {
        char bytes[4] = {member->value[at]};
        size_t n = 1, taken = 1;
        if (bytes[0] == '\\')
            taken = unescape(member->value + at, member->length - at, bytes, &n);
        if (taken == 0 || length + n >= size)
            return false;
        memcpy(out + length, bytes, n);
        length += n;
        at += taken;
    }
    out[length] = '\0';
    return true;
}

static bool decode_hex(const struct json_member *member, char *out, size_t size) {
    size_t n = member->length / 2;
    if (member->length % 2 || n >= size)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        if (!read_hex(member->value + 2 * i, 2, &byte) || byte == 0)
            return false;
        out[i] = (char)byte;
    }
    out[n] = '\0';
    return true;
}

static bool find(const char *line, const char *name, struct json_member *ret_member) {
    size_t n = strlen(name);
    for (const char *at = line; (at = json_next(at, ret_member));) {
        if (ret_member->name_length == n && memcmp(ret_member->name, name, n) == 0)
            return true;
    }
    return false;
}

bool json_text(const char *line, const char *name, char *out, size_t size) {
    char bytes[NAME_SIZE];
    struct json_member member;
    if (snprintf(bytes, sizeof(bytes), "%s_hex", name) >= NAME_SIZE)
        return false;
    if (find(line, bytes, &member))
        return decode_hex(&member, out, size);
    return find(line, name, &member) && decode_string(&member, out, size);
}

uint64_t json_number(const char *line, const char *name) {
    struct json_member member;
    return find(line, name, &member) && !member.is_string ? strtoull(member.value, NULL, 10) : 0;
}
