/*
 * limit: no more bytes a second than --limit-rate allows. The process has one.
 */
#ifndef STORD_CLIENT_LIMIT_H
#define STORD_CLIENT_LIMIT_H

#include <stddef.h>

/* Sets the rate: bytes a second; 0: no limit. */
void limit_set(long long rate);

/* How many of so many bytes may be sent now; 0: none until *ret_wait ms have passed. */
size_t limit_allows(size_t wanted, int *ret_wait);

/* They were sent. */
void limit_spend(size_t bytes);

#endif
