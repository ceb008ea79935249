#include "client/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static void set(struct failure *failure, int status, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void set(struct failure *failure, int status, const char *format, va_list arguments) {
    char why[FAILURE_SIZE]; /* the old one may be part of the new one */
    (void)vsnprintf(why, sizeof(why), format, arguments);
    *failure = (struct failure){.status = status,
                                .passing = status == EX_TEMPFAIL || status == EX_UNAVAILABLE};
    memcpy(failure->why, why, sizeof(why));
}

void failure_set(struct failure *failure, int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set(failure, status, format, arguments);
    va_end(arguments);
}

void failure_ours(struct failure *failure, int status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    set(failure, status, format, arguments);
    va_end(arguments);
    failure->ours = true;
    failure->passing = false;
}

/* RFC 959, 4.2.2; RFC 2228, 5; RFC 7151 (430) */
static int status_of(int code) {
    static const struct {
        int code, status;
    } table[] = {{430, EX_NOPERM},    {452, EX_CANTCREAT}, {530, EX_NOPERM}, {532, EX_NOPERM},
                 {533, EX_NOPERM},    {534, EX_NOPERM},    {535, EX_NOPERM}, {550, EX_NOPERM},
                 {552, EX_CANTCREAT}, {332, EX_NOPERM}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].code == code)
            return table[i].status;
    if (code / 100 == 4)
        return EX_TEMPFAIL;
    return code / 100 == 5 ? FAILURE_OTHER : EX_PROTOCOL;
}

void failure_by_code(struct failure *failure, int code, const char *line) {
    failure_set(failure, status_of(code), "%s", line);
    failure->passing = code / 100 == 4;
    failure->final = code == 530;
}

void failure_clear(struct failure *failure) {
    *failure = (struct failure){0};
}
