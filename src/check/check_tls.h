/*
 * check_tls: what handler --check finds out about TLS.
 */
#ifndef STORD_CHECK_TLS_H
#define STORD_CHECK_TLS_H

#include <stdbool.h>

struct check;
struct user;

/* Certificate, key and authorities of clients: whether sessions could use them, for how long, and
 * who else can. Tells which certificate it is. */
void check_tls(struct check *check);

/* Complains where a user wants of TLS what is not served. Returns whether it keeps the user out. */
bool check_tls_user(struct check *check, const struct user *user);

/* Would the certificate that the user may have log in? */
bool check_tls_lets_in(const struct check *check, const struct user *user);

#endif
