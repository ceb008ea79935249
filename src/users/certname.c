#include "users/certname.h"

#include <string.h>

#include "base/fingerprint.h"

const char *certname_check(const char *name) {
    char fingerprint[TLS_FINGERPRINT_SIZE];
    size_t digits = strspn(name, "0123456789abcdefABCDEF:");
    bool good = fingerprint_read(name, fingerprint) ||
                (digits < TLS_FINGERPRINT_SIZE - 1 && strchr(name, '='));
    return good && strlen(name) < TLS_SUBJECT_SIZE
               ? NULL
               : "a certificate's SHA-256 fingerprint, or its subject as RFC 2253 has it";
}

bool certname_is(const char *name, const struct tls_certificate *certificate) {
    char fingerprint[TLS_FINGERPRINT_SIZE];
    if (*name == '\0' || *certificate->fingerprint == '\0')
        return false;
    if (fingerprint_read(name, fingerprint))
        return strcmp(fingerprint, certificate->fingerprint) == 0;
    return strcmp(name, certificate->subject) == 0;
}
