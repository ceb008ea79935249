/*
 * password: crypt(3) of libxcrypt, which the module stord-password.so links
 * (src/users/password_module.c). Of a session, only the credential helper loads it.
 */
#ifndef STORD_PASSWORD_H
#define STORD_PASSWORD_H

#include <stdbool.h>

#include "users/users.h"

#define PASSWORD_MODULE "stord-password.so"
#define PASSWORD_SYMBOL "stord_password"

enum { PASSWORD_HASH_SIZE = 384 }; /* CRYPT_OUTPUT_SIZE */

/* What the module offers. */
struct password {
    /* Is that the password of the hash? Returns 1 or 0, after the same time, or a negative errno if
     * no hash can be made. */
    int (*is_right)(const char *password, const char *hash);
    /* Is it a complete hash of a strong method (see users_is_strong) that the library can make? */
    bool (*is_well_formed)(const char *hash);
    /* Hashes a password with a new salt and the library's preferred method. Returns 0 or a negative
     * errno. */
    int (*make_hash)(const char *password, char ret_hash[PASSWORD_HASH_SIZE]);
};

/* Calls complain for each user whose hash has the prefix of a strong method, but is not well
 * formed. Returns 0, or -EINVAL if there is one. */
int password_check_users(const struct password *password, const struct users *users,
                         users_complain *complain, void *context);

/* Loads the module. Returns it, or NULL with *ret_error saying why (valid until the next call). */
const struct password *password_load(const char **ret_error);

#endif
