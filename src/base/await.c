#include "base/await.h"

#include <errno.h>

int await_poll(struct pollfd *fds, nfds_t n, int timeout) {
    int ready;
    do
        ready = poll(fds, n, timeout);
    while (ready < 0 && errno == EINTR);
    return ready;
}
