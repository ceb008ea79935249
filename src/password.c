#include "password.h"

#include "module.h"

const struct password *password_load(const char **ret_error) {
    return module_load(PASSWORD_MODULE, PASSWORD_SYMBOL, ret_error);
}
