/*
 * users: the users file. One user a line, five fields:
 *
 *   name:hash:home:rights:options
 *
 * Empty lines and lines that begin with # do not count. hash is one of crypt(3): yescrypt, bcrypt
 * or sha512; "!" or "*": no password; or "!" and any of these: locked. home is a folder beneath the
 * root. rights are the words of --allow; if empty, those that --allow gives. options are a comma
 * list: tls, lenient, from=CIDR[+CIDR...], until=YYYY-MM-DD, max-file=SIZE, quota=SIZE,
 * when-full=refuse or oldest, on-conflict=POLICY, file-mode=OCTAL; each once; and cert=FINGERPRINT
 * or cert=SUBJECT, which ends the line. The last line must end as the others do.
 */
#ifndef STORD_USERS_H
#define STORD_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "net/peer.h"
#include "net/tls.h"
#include "users/account.h"

enum {
    USERS_NAME_LIMIT = 64 /* longest name in bytes */
};

/* One line. The strings point into the text of the file. */
struct user {
    const char *name;
    const char *hash;
    const char *from;        /* where logins must come from: CIDRs separated by +; "": anywhere */
    const char *until;       /* the last day of logins; "": for ever */
    time_t end;              /* when that is over */
    const char *certificate; /* logs in without a password: fingerprint or subject; or "" */
    bool locked;             /* cannot log in, by a certificate neither */
    bool tls;                /* logs in over TLS only */
    unsigned line;           /* its line of the file, from 1 */
    struct account account;
};

struct users {
    char *text;        /* the file */
    struct user *rows; /* in the order of the lines */
    size_t count;
    uint32_t *places; /* by the sum of their names: the number of a row, from 1, or 0 */
    size_t places_count;
};

/* Called for each thing that is wrong. line: where, from 1; 0: in the whole file. */
typedef void users_complain(void *context, unsigned line, const char *complaint);

/* Reads the whole file, all of whose lines must be right: 4 to 8 ms for 10,000, with what
 * password_check_users does then. Returns 0, -EINVAL if something is wrong with it, after calling
 * complain, or another negative errno. Call users_free in every case. */
int users_load(struct users *ret_users, const char *file, users_complain *complain, void *context);

void users_free(struct users *users);

/* The user of that name, or NULL. */
const struct user *users_find(const struct users *users, const char *name);

/* May that user log in from that peer? Local sockets and pipes count as 127.0.0.1. */
bool users_may_come_from(const struct user *user, const struct peer *peer);

/* Is the last day on which that user may log in over? */
bool users_is_over(const struct user *user, time_t now);

/* Is it a hash that is strong enough: yescrypt, bcrypt or sha512? */
bool users_is_strong(const char *hash);

#endif
