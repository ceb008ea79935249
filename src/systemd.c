#include "systemd.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where the module is: beside the program. Without /proc the dynamic linker is asked to find that
 * folder. */
static void module_path(char path[PATH_MAX]) {
    char program[PATH_MAX - sizeof("/" SYSTEMD_MODULE)];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    (void)snprintf(path, PATH_MAX, "%s/" SYSTEMD_MODULE, slash ? program : "$ORIGIN");
}

const struct systemd *systemd_load(const char **ret_error) {
    char path[PATH_MAX];
    module_path(path);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct systemd *systemd = module ? dlsym(module, SYSTEMD_SYMBOL) : NULL;
    if (!systemd)
        *ret_error = dlerror();
    return systemd;
}
