/* The module that links libcrypt: the only file that includes its header. */
#include "base/module.h"
#include "users/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)PASSWORD_HASH_SIZE == (int)CRYPT_OUTPUT_SIZE, "room for any hash");

MODULE_IS_OF_THIS_VERSION;

__attribute__((visibility("default"))) extern const struct password stord_password;

/* Takes the same time wherever they differ. */
static bool is_same(const char *a, const char *b) {
    size_t n = strlen(a);
    unsigned char differ = 0;
    if (n != strlen(b))
        return false;
    for (size_t i = 0; i < n; i++)
        differ |= (unsigned char)(a[i] ^ b[i]);
    return differ == 0;
}

static int is_right(const char *password, const char *hash) {
    struct crypt_data *data = calloc(1, sizeof(*data));
    if (!data)
        return -ENOMEM;
    errno = EINVAL; /* in case the library does not set it */
    const char *made = crypt_rn(password, hash, data, (int)sizeof(*data));
    int right = made ? is_same(made, hash) : -errno;
    explicit_bzero(data, sizeof(*data));
    free(data);
    return right;
}

/* Are these the digits of a hash, so many? */
static bool are_digits(const char *text, size_t n) {
    static const bool digits[UINT8_MAX + 1] = {['.'] = true,
                                               ['/'] = true,
                                               ['0' ... '9'] = true,
                                               ['A' ... 'Z'] = true,
                                               ['a' ... 'z'] = true};
    size_t i = 0;
    while (digits[(unsigned char)text[i]])
        i++;
    return i == n && text[i] == '\0';
}

/* Each method has so many dollar signs, and a last part so long. */
static bool is_well_formed(const char *hash) {
    static const struct {
        const char *prefix;
        size_t dollars, length;
    } rows[] = {
        {"$6$rounds=", 4, 86}, {"$6$", 3, 86}, {"$y$", 4, 43}, {"$gy$", 4, 43}, {"$2", 3, 53}};
    const char *last = hash;
    size_t i = 0, dollars = 0;
    while (i < sizeof(rows) / sizeof(rows[0]) &&
           strncmp(hash, rows[i].prefix, strlen(rows[i].prefix)) != 0)
        i++;
    if (i == sizeof(rows) / sizeof(rows[0]))
        return false;
    for (const char *at = hash; (at = strchr(at, '$')); dollars++)
        last = ++at;
    return dollars == rows[i].dollars && are_digits(last, rows[i].length) &&
           crypt_checksalt(hash) == CRYPT_SALT_OK;
}

static int make_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE]) {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = calloc(1, sizeof(*data));
    if (!data)
        return -ENOMEM;
    const char *made = crypt_gensalt_rn(NULL, 0, NULL, 0, setting, sizeof(setting))
                           ? crypt_rn(password, setting, data, (int)sizeof(*data))
                           : NULL;
    int result = made ? 0 : -errno;
    if (made)
        (void)snprintf(ret_hash, PASSWORD_HASH_SIZE, "%s", made);
    explicit_bzero(data, sizeof(*data));
    free(data);
    return result;
}

const struct password stord_password = {
    .is_right = is_right, .is_well_formed = is_well_formed, .make_hash = make_hash};
