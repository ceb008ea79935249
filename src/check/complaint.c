#include "check/complaint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/terminal.h"

enum { COMPLAINT_LIMIT = 12288 /* a path, and what is wrong with it */ };

static void print(const char *kind, const char *about, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void print(const char *kind, const char *about, const char *format, va_list arguments) {
    char text[COMPLAINT_LIMIT];
    (void)vsnprintf(text, sizeof(text), format, arguments);
    terminal_line(stdout, "%s: %s: %s", kind, about, text);
}

void complaint_error(struct check *check, const char *about, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    check->errors++;
    print("error", about, format, arguments);
    va_end(arguments);
}

void complaint_warning(struct check *check, const char *about, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    check->warnings++;
    print("warning", about, format, arguments);
    va_end(arguments);
}

void complaint_unless_outside(struct check *check, const char *about, const char *name) {
    char *root = realpath(check->config->root, NULL), *file = realpath(name, NULL);
    size_t n = root ? strlen(root) : 0;
    if (root && file && strncmp(root, file, n) == 0 &&
        (file[n] == '/' || file[n] == '\0' || n == 1))
        complaint_error(check, about, "%s is beneath the root, where clients could replace it",
                        name);
    free(root);
    free(file);
}

void complaint_unless_secret(struct check *check, const char *about, const char *name) {
    struct stat st;
    if (stat(name, &st) == 0 && st.st_mode & S_IRWXO)
        complaint_warning(check, about, "%s has mode %04o: others should have no access to it",
                          name, (unsigned)st.st_mode & 07777U);
    complaint_unless_outside(check, about, name);
}
