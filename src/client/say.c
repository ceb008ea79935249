#include "client/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

enum { MESSAGE_SIZE = 5120 /* a line of a reply and a name */ };

void say_error(const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    escape_in_place(text, strlen(text));
    (void)fprintf(stderr, "client: %s\n", text);
}
