#include "users/password.h"

#include <errno.h>

#include "base/module.h"

int password_check_users(const struct password *password, const struct users *users,
                         users_complain *complain, void *context) {
    int result = 0;
    for (size_t i = 0; i < users->count; i++) {
        const struct user *user = &users->rows[i];
        if (!users_is_strong(user->hash) || password->is_well_formed(user->hash))
            continue;
        complain(context, user->line, "the hash is cut off, or not one that crypt(3) makes");
        result = -EINVAL;
    }
    return result;
}

const struct password *password_load(const char **ret_error) {
    return module_load(PASSWORD_MODULE, PASSWORD_SYMBOL, ret_error);
}
