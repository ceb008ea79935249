#include "base/title.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/escape.h"
#include "base/scratch.h"

enum {
    ENOUGH = 256,    /* bytes for a title, if there are so many */
    COPY_SIZE = 1024 /* bytes that may be moved */
};

/* The process has one title. The kernel shows what is beyond the arguments, too, as long as no NUL
 * is where they ended. */
static struct {
    char *start;
    size_t room;   /* bytes there, with a NUL */
    size_t length; /* of what is written */
    bool is_hidden;
} title = {.is_hidden = true}; /* not 0: so it lies among other data that is written to */

/* The strings that follow each other from `end` on: moves *end behind them, as far as it is
 * useful. */
static void extend(char *const *strings, const char *start, char **end) {
    for (; *strings && *strings == *end && *end - start < ENOUGH; strings++) {
        size_t size = strlen(*strings) + 1;
        if ((size_t)(*end - start) + size > COPY_SIZE)
            return;
        *end += size;
    }
}

static void follow(char **pointer, const char *start, size_t n, char *copy) {
    if (*pointer >= start && *pointer < start + n)
        *pointer = copy + (*pointer - start);
}

void title_open(char **argv, char **environment) {
    char *start = argv[0], *end = start;
    if (!start)
        return;
    extend(argv, start, &end);
    extend(environment, start, &end);
    size_t n = (size_t)(end - start);
    char *copy = scratch_take(n); /* of what was there, to the end of the process */
    memcpy(copy, start, n);
    for (; *argv; argv++)
        follow(argv, start, n, copy);
    for (; *environment; environment++)
        follow(environment, start, n, copy);
    follow(&program_invocation_name, start, n, copy);
    follow(&program_invocation_short_name, start, n, copy);
    title.start = start;
    title.room = title.length = n;
}

void title_show(void) {
    title.is_hidden = title.room == 0;
}

size_t title_write(size_t at, const char *text, size_t spare) {
    if (title.is_hidden || at + spare >= title.room)
        return at;
    size_t end = at + escape_line(title.start + at, title.room - at - spare, text);
    if (end < title.length)
        memset(title.start + end, 0, title.length - end);
    title.length = end;
    return end;
}
