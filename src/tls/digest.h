/*
 * digest: of files, by OpenSSL. Only the client uses it.
 */
#ifndef STORD_TLS_DIGEST_H
#define STORD_TLS_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The hexadecimal digits of the digest that OpenSSL calls so; 0 if it knows none. */
size_t digest_digits(const char *name);

/* Writes the digest of the next bytes of a file in lower case, with NUL. False: there are not so
 * many, or reading failed. */
bool digest_file(const char *name, int fd, off_t bytes, char *ret);

#endif
