#include "base/module.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* The program's own path: from the kernel, or in a container without /proc as it was started. A
 * program that gains privileges does not trust the latter: whoever starts it could name any
 * folder. */
static bool find_program(char program[PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", program, PATH_MAX - 1);
    program[n > 0 ? n : 0] = '\0';
    const char *started = (const char *)getauxval(AT_EXECFN); /* NOLINT: an address */
    return n > 0 || (started && !getauxval(AT_SECURE) && realpath(started, program));
}

/* A file beside the program. If its folder is not known, the dynamic linker finds it. */
static void module_path(const char *file, char path[PATH_MAX]) {
    char program[PATH_MAX] = "";
    char *slash = find_program(program) ? strrchr(program, '/') : NULL;
    if (slash)
        *slash = '\0';
    (void)snprintf(path, PATH_MAX, "%.*s/%.*s", PATH_MAX - NAME_MAX - 1,
                   slash ? program : "$ORIGIN", NAME_MAX - 1, file);
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
