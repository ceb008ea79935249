/*
 * recount: handler --recount: counts what the homes with a quota hold, and keeps that.
 */
#ifndef STORD_RECOUNT_H
#define STORD_RECOUNT_H

#include <stdio.h>

#include "config.h"

/* Prints a line for each user with a quota whose home is there: name, home, bytes used, quota; tabs
 * between them. stop: readable once we are asked to stop, or -1. errors: where complaints go to.
 * Returns the exit status: EX_OK, EX_CONFIG when the users file or the root cannot be used,
 * EX_IOERR when something could not be counted, kept or printed. */
int recount_homes(const struct config *config, int stop, FILE *errors);

#endif
