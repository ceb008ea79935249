/*
 * fingerprint: of a certificate, as people write it. Pure; handler and client use it.
 */
#ifndef STORD_FINGERPRINT_H
#define STORD_FINGERPRINT_H

#include <stdbool.h>

enum { FINGERPRINT_SIZE = 65 }; /* SHA-256 in hexadecimal, and NUL */

/* Reads a SHA-256 fingerprint as `openssl x509 -fingerprint -sha256` prints it, with or without a
 * colon after every second digit, into lower case without colons. Returns false if it is not
 * one. */
bool fingerprint_read(const char *text, char ret[FINGERPRINT_SIZE]);

#endif
