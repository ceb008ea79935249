/*
 * date: the text of a day -> the moment at which it is over, by this machine's time zone.
 */
#ifndef STORD_DATE_H
#define STORD_DATE_H

#include <time.h>

/* The first second after the day YYYY-MM-DD. Returns 0, or -EINVAL: there is no such day from 1971
 * on. */
int date_end(const char *text, time_t *ret_end);

#endif
