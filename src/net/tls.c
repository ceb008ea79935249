#include "net/tls.h"

#include "base/module.h"

const struct tls_library *tls_load(const char **ret_error) {
    return module_load(TLS_MODULE, TLS_SYMBOL, ret_error);
}
