#include "base/stop.h"

#include <errno.h>

#include "base/await.h"

bool stop_asked(int stop) {
    return stop_wait(stop, 0) < 0;
}

int stop_wait(int stop, int ms) {
    struct pollfd one = {.fd = stop, .events = POLLIN};
    return await_poll(&one, 1, ms) > 0 ? -ESHUTDOWN : 0;
}
