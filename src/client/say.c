#include "client/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "client/progress.h"

enum { MESSAGE_SIZE = 8192 /* a line of a reply and a name */ };

void say_error(const char *format, ...) {
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    escape_in_place(text, strlen(text));
    progress_hide();
    (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}
