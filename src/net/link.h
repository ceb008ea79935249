/*
 * link: what the kernel has seen of the network behind a connection (TCP_INFO).
 */
#ifndef STORD_LINK_H
#define STORD_LINK_H

#include <stdbool.h>

/* Has the network lost or reordered packets that came over that socket? Out of order is what comes
 * behind a loss. Not asked of a network that is nearer than a millisecond. */
bool link_is_lossy(int fd);

#endif
