/*
 * check_tls: handler --check: TLS.
 */
#ifndef STORD_CHECK_TLS_H
#define STORD_CHECK_TLS_H

#include <stdbool.h>

struct check;
struct user;

/* Certificate, key and CAs of clients: can sessions use them, for how long, and who else can?
 * Prints which certificate it is. */
void check_tls(struct check *check);

/* Warns if a user needs TLS that is not served. Returns whether the user cannot log in. */
bool check_tls_user(struct check *check, const struct user *user);

/* Can the user log in by certificate? */
bool check_tls_lets_in(const struct check *check, const struct user *user);

#endif
