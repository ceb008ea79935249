#include "base/date.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCH = 1900, FIRST_YEAR = 1971 /* so that no zone makes it negative */ };

/* Is it NNNN-NN-NN? */
static int has_form(const char *text) {
    static const char form[] = "0000-00-00";
    if (strlen(text) != sizeof(form) - 1)
        return 0;
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return 0;
    }
    return 1;
}

static int number(const char *digits) {
    return (int)strtol(digits, NULL, 10);
}

/* At noon, which every day has. */
int date_end(const char *text, time_t *ret_end) {
    if (!has_form(text))
        return -EINVAL;
    struct tm day = {.tm_year = number(text) - EPOCH,
                     .tm_mon = number(text + 5) - 1,
                     .tm_mday = number(text + 8),
                     .tm_hour = 12,
                     .tm_isdst = -1};
    struct tm asked = day;
    time_t noon = mktime(&day);
    if (noon == (time_t)-1 || asked.tm_year < FIRST_YEAR - EPOCH || day.tm_mon != asked.tm_mon ||
        day.tm_mday != asked.tm_mday)
        return -EINVAL;
    asked.tm_mday++;
    asked.tm_hour = 0;
    *ret_end = mktime(&asked);
    return 0;
}
