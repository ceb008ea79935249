/*
 * recount: handler --recount: counts what the homes with a quota hold, and keeps the counts.
 */
#ifndef STORD_RECOUNT_H
#define STORD_RECOUNT_H

#include "base/config.h"

/* Prints a line for each user with a quota whose home exists: name, home, bytes used, quota,
 * separated by tabs. Complaints go to standard error. Returns the exit status: EX_OK, EX_CONFIG if
 * the users file or the root cannot be used, EX_IOERR if something could not be counted, kept or
 * printed. */
int recount_homes(const struct config *config);

#endif
