/*
 * certname: a client's certificate as the users file names it. Pure.
 */
#ifndef STORD_CERTNAME_H
#define STORD_CERTNAME_H

#include <stdbool.h>

#include "tls.h"

/* Checks what stands behind cert=: a SHA-256 fingerprint in hexadecimal, with a colon behind every
 * second digit or without, or what can be a subject. Other options must not stand behind it, where
 * they would be taken for a part of the subject. Returns NULL, or what it should have been. */
const char *certname_check(const char *name);

/* Is it the name of that certificate? */
bool certname_is(const char *name, const struct tls_certificate *certificate);

#endif
