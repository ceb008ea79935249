#include "tls/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = 128 << 10 };

size_t digest_digits(const char *name) {
    const EVP_MD *kind = *name ? EVP_get_digestbyname(name) : NULL;
    return kind ? 2 * (size_t)EVP_MD_get_size(kind) : 0;
}

/* Reads that many bytes into the digest. */
static bool feed(EVP_MD_CTX *context, int fd, off_t bytes) {
    static unsigned char block[BLOCK];
    while (bytes > 0) {
        ssize_t n = read(fd, block, bytes < BLOCK ? (size_t)bytes : BLOCK);
        if (n <= 0 || EVP_DigestUpdate(context, block, (size_t)n) != 1)
            return false;
        bytes -= n;
    }
    return true;
}

bool digest_file(const char *name, int fd, off_t bytes, char *ret) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *kind = EVP_get_digestbyname(name);
    bool good = context && kind && EVP_DigestInit_ex(context, kind, NULL) == 1 &&
                feed(context, fd, bytes) && EVP_DigestFinal_ex(context, digest, &size) == 1;
    for (unsigned i = 0; i < size; i++)
        (void)sprintf(ret + (size_t)2 * i, "%02x", digest[i]);
    EVP_MD_CTX_free(context);
    return good;
}
