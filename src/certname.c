#include "certname.h"

#include <ctype.h>
#include <string.h>

/* Copies a fingerprint in lower case and without colons. False: it is none. */
static bool read_fingerprint(const char *text, char ret[TLS_FINGERPRINT_SIZE]) {
    size_t digits = 0;
    for (const char *at = text; *at; at++) {
        if (*at == ':' && digits > 0 && digits % 2 == 0 && at[-1] != ':' && at[1])
            continue;
        if (!isxdigit((unsigned char)*at) || digits == TLS_FINGERPRINT_SIZE - 1)
            return false;
        ret[digits++] = (char)tolower((unsigned char)*at);
    }
    ret[digits] = '\0';
    return digits == TLS_FINGERPRINT_SIZE - 1;
}

/* Does another option of the users file begin here? No part of a subject is called so. */
static bool is_option(const char *piece, size_t length) {
    static const char *const names[] = {"tls",         "from",      "max-file", "quota",
                                        "on-conflict", "file-mode", "cert"};
    const char *equals = memchr(piece, '=', length);
    size_t n = equals ? (size_t)(equals - piece) : length;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == n && memcmp(names[i], piece, n) == 0)
            return true;
    }
    return false;
}

static bool has_option(const char *name) {
    for (const char *at = name; *at; at += *at == ',') {
        size_t length = strcspn(at, ",");
        if (is_option(at, length))
            return true;
        at += length;
    }
    return false;
}

const char *certname_check(const char *name) {
    char fingerprint[TLS_FINGERPRINT_SIZE];
    size_t digits = strspn(name, "0123456789abcdefABCDEF:");
    if (has_option(name))
        return "a fingerprint or a subject, which ends the line: other options stand before it";
    bool good = read_fingerprint(name, fingerprint) ||
                (digits < TLS_FINGERPRINT_SIZE - 1 && strchr(name, '='));
    return good && strlen(name) < TLS_SUBJECT_SIZE
               ? NULL
               : "a certificate's SHA-256 fingerprint, or its subject as RFC 2253 has it";
}

bool certname_is(const char *name, const struct tls_certificate *certificate) {
    char fingerprint[TLS_FINGERPRINT_SIZE];
    if (*name == '\0' || *certificate->fingerprint == '\0')
        return false;
    if (read_fingerprint(name, fingerprint))
        return strcmp(fingerprint, certificate->fingerprint) == 0;
    return strcmp(name, certificate->subject) == 0;
}
