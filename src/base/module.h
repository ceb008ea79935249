/*
 * module: libraries that most sessions do not need are linked by modules beside the program, and
 * loaded when one is needed (doc/design.md, "What is not used is not loaded").
 */
#ifndef STORD_MODULE_H
#define STORD_MODULE_H

/* Each module has this once, outside all functions: the version it belongs to. */
#define MODULE_IS_OF_THIS_VERSION                                                                  \
    __attribute__((visibility("default"))) extern const char stord_version[];                      \
    const char stord_version[] = STORD_VERSION

/* Loads the module of that file name, if it is of our version: during an upgrade another may be
 * there. Returns the address of its symbol, or NULL with *ret_error saying why (valid until the
 * next call). */
const void *module_load(const char *file, const char *symbol, const char **ret_error);

#endif
