#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "tls/internal.h"

enum { SECURE_BITS = 112 /* of strength, which every policy in use accepts */ };

/* We do not ask for the password of a key. */
static int refuse_password(char *text, int size, int writing, void *data) {
    (void)text;
    (void)size;
    (void)writing;
    *(bool *)data = true;
    return -1;
}

/* The certificates behind the first one, until the end of the file. */
static bool load_chain(struct tls_identity *identity, BIO *file) {
    X509 *next;
    identity->chain = sk_X509_new_null();
    bool good = identity->chain != NULL;
    while (good && (next = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
        good = sk_X509_push(identity->chain, next) > 0;
        if (!good)
            X509_free(next);
    }
    if (!good || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        return false;
    ERR_clear_error();
    return true;
}

static bool load_certificates(struct tls_identity *identity, const char *path) {
    BIO *file = BIO_new_file(path, "r");
    if (!file)
        return false;
    identity->certificate = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
    bool good = identity->certificate && load_chain(identity, file);
    (void)BIO_free(file);
    return good;
}

/* The key in the newer form, not encrypted, of the certificate's type: OpenSSL is four times as
 * fast if it need not find out what it is. Returns NULL if it is anything else. */
static EVP_PKEY *read_expected(BIO *file, const X509 *certificate) {
    char *label = NULL, *header = NULL;
    unsigned char *bytes = NULL;
    long n = 0;
    EVP_PKEY *key = NULL;
    if (PEM_read_bio(file, &label, &header, &bytes, &n) == 1 && !*header &&
        strcmp(label, PEM_STRING_PKCS8INF) == 0) {
        const unsigned char *at = bytes;
        key = d2i_PrivateKey(EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)), NULL, &at, n);
    }
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(bytes, n > 0 ? (size_t)n : 0);
    return key;
}

static EVP_PKEY *read_key(BIO *file, const X509 *certificate, bool *ret_encrypted) {
    EVP_PKEY *key = read_expected(file, certificate);
    if (key)
        return key;
    ERR_clear_error();
    if (BIO_reset(file) < 0)
        return NULL;
    return PEM_read_bio_PrivateKey(file, NULL, refuse_password, ret_encrypted);
}

static int load_key(struct tls_identity *identity, const char *path, char error[TLS_ERROR_SIZE]) {
    bool is_encrypted = false;
    BIO *file = BIO_new_file(path, "r");
    if (file)
        identity->key = read_key(file, identity->certificate, &is_encrypted);
    (void)BIO_free(file);
    if (identity->key && X509_check_private_key(identity->certificate, identity->key) == 1)
        return 0;
    reason_explain(error, "key", path);
    if (is_encrypted)
        (void)snprintf(error, TLS_ERROR_SIZE, "key %.150s: it is encrypted with a password", path);
    return -EINVAL;
}

int identity_load(struct tls_identity *identity, const char *certificate, const char *key,
                  char error[TLS_ERROR_SIZE]) {
    ERR_clear_error();
    if (load_certificates(identity, certificate) && X509_get0_pubkey(identity->certificate))
        return load_key(identity, key, error);
    reason_explain(error, "certificate", certificate);
    return -EINVAL;
}

/* The policy looks at the key of a certificate, and at how it was signed. */
static bool is_strong(X509 *certificate) {
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = 0;
    return key && EVP_PKEY_get_security_bits(key) >= SECURE_BITS &&
           X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) == 1 &&
           bits >= SECURE_BITS;
}

bool identity_is_strong(const struct tls_identity *identity) {
    bool strong = is_strong(identity->certificate);
    for (int i = 0; strong && i < sk_X509_num(identity->chain); i++)
        strong = is_strong(sk_X509_value(identity->chain, i));
    return strong;
}

bool identity_use(const struct tls_identity *identity, SSL_CTX *ssl) {
    return SSL_CTX_use_certificate(ssl, identity->certificate) == 1 &&
           SSL_CTX_set1_chain(ssl, identity->chain) == 1 &&
           SSL_CTX_use_PrivateKey(ssl, identity->key) == 1;
}

void identity_free(struct tls_identity *identity) {
    X509_free(identity->certificate);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
}
