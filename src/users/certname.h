/*
 * certname: a client's certificate as the users file names it. Pure.
 */
#ifndef STORD_CERTNAME_H
#define STORD_CERTNAME_H

#include <stdbool.h>

#include "net/tls.h"

/* Checks the value of cert=: a fingerprint, or what can be a subject. Returns NULL, or what it
 * should have been. */
const char *certname_check(const char *name);

/* Is it the name of that certificate? */
bool certname_is(const char *name, const struct tls_certificate *certificate);

#endif
