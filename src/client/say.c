#include "client/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

enum { MESSAGE_SIZE = 5120 /* a line of a reply and a name */ };

void complain(const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    escape_in_place(text, strlen(text));
    (void)fprintf(stderr, "client: %s\n", text);
}
