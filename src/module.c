#include "module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beside the program. Without /proc the dynamic linker is asked to find that folder. */
static void module_path(const char *file, char path[PATH_MAX]) {
    char program[PATH_MAX - NAME_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    (void)snprintf(path, PATH_MAX, "%s/%.*s", slash ? program : "$ORIGIN", NAME_MAX - 1, file);
}

static bool is_ours(void *module) {
    const char *version = dlsym(module, "stord_version");
    return version && strcmp(version, STORD_VERSION) == 0;
}

const void *module_load(const char *file, const char *symbol, const char **ret_error) {
    char path[PATH_MAX];
    module_path(file, path);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (module && !is_ours(module)) {
        *ret_error = "the module is of another version";
        return NULL;
    }
    const void *address = module ? dlsym(module, symbol) : NULL;
    if (!address)
        *ret_error = dlerror();
    return address;
}
