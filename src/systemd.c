#include "systemd.h"

#include <dlfcn.h>
#include <stddef.h>

const struct systemd *systemd_load(const char **ret_error) {
    void *module = dlopen(SYSTEMD_MODULE, RTLD_NOW | RTLD_LOCAL);
    const struct systemd *systemd = module ? dlsym(module, SYSTEMD_SYMBOL) : NULL;
    if (!systemd)
        *ret_error = dlerror();
    return systemd;
}
