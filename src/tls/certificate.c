#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tls/internal.h"

static void describe_subject(const X509 *certificate, char ret_subject[TLS_SUBJECT_SIZE]) {
    char *text = NULL;
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory)
        return;
    if (X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        long n = BIO_get_mem_data(memory, &text);
        if (n > 0 && n < TLS_SUBJECT_SIZE)
            memcpy(ret_subject, text, (size_t)n);
    }
    (void)BIO_free(memory);
}

static void describe_digest(const X509 *certificate, char ret[TLS_FINGERPRINT_SIZE]) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1)
        return;
    for (unsigned i = 0; i < n && 2 * i + 2 < TLS_FINGERPRINT_SIZE; i++)
        (void)snprintf(ret + (size_t)2 * i, 3, "%02x", digest[i]);
}

time_t certificate_expires(const X509 *certificate) {
    struct tm expires;
    return certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) == 1
               ? timegm(&expires)
               : 0;
}

void certificate_describe(X509 *certificate, struct tls_certificate *ret) {
    *ret = (struct tls_certificate){0};
    if (!certificate)
        return;
    describe_subject(certificate, ret->subject);
    describe_digest(certificate, ret->fingerprint);
    ret->expires = certificate_expires(certificate);
}
