#include "base/digest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/module.h"

const struct digest_name digest_names[DIGEST_KINDS] = {
    [DIGEST_SHA256] = {"sha256", "SHA-256", "XSHA256", 32},
    [DIGEST_SHA1] = {"sha1", "SHA-1", "XSHA1", 20},
    [DIGEST_MD5] = {"md5", "MD5", "XMD5", 16},
    [DIGEST_CRC32] = {"crc32", "CRC32", "XCRC", 4},
};

const struct digest *digest_load(const char **ret_error) {
    return module_load(DIGEST_MODULE, DIGEST_SYMBOL, ret_error);
}

/* The kind whose name has these n bytes, or DIGEST_KINDS. */
static unsigned find(const char *name, size_t n) {
    unsigned kind = 0;
    while (kind < DIGEST_KINDS && (strlen(digest_names[kind].option) != n ||
                                   memcmp(digest_names[kind].option, name, n) != 0))
        kind++;
    return kind;
}

int digest_parse_kinds(const char *list) {
    unsigned kinds = 0;
    if (strcmp(list, "none") == 0)
        return 0;
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        unsigned kind = find(at, n);
        if (kind == DIGEST_KINDS)
            return -1;
        kinds |= 1U << kind;
        at += n;
        if (*at == '\0')
            return (int)kinds;
    }
}

bool digest_parse(enum digest_kind kind, const char *text, uint8_t ret_bytes[DIGEST_SIZE]) {
    size_t size = digest_names[kind].size, digits = 0;
    while (isxdigit((unsigned char)text[digits]))
        digits++;
    if (digits != 2 * size || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < size; i++) {
        const char pair[] = {text[2 * i], text[2 * i + 1], '\0'};
        ret_bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

const char *digest_text(const struct digest_set *digests, enum digest_kind kind,
                        char ret_text[DIGEST_TEXT]) {
    for (size_t i = 0; i < digest_names[kind].size; i++)
        (void)snprintf(ret_text + 2 * i, 3, "%02x", digests->bytes[kind][i]);
    return ret_text;
}
