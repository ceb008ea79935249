#include "log/systemd.h"

#include "base/module.h"

const struct systemd *systemd_load(const char **ret_error) {
    return module_load(SYSTEMD_MODULE, SYSTEMD_SYMBOL, ret_error);
}
