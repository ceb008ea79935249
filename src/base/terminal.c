#include "base/terminal.h"

#include <stdarg.h>

#include "base/escape.h"

enum { TEXT_LIMIT = 16384 };

static void print(FILE *to, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void print(FILE *to, const char *format, va_list arguments) {
    char raw[TEXT_LIMIT], text[4 * TEXT_LIMIT];
    (void)vsnprintf(raw, sizeof(raw), format, arguments);
    (void)escape_line(text, sizeof(text), raw);
    (void)fputs(text, to);
}

void terminal_print(FILE *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(to, format, arguments);
    va_end(arguments);
}

void terminal_line(FILE *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print(to, format, arguments);
    va_end(arguments);
    (void)fputs("\n", to);
}
