#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "base/await.h"

bool stop_asked(int stop) {
    return stop_wait(stop, 0) < 0;
}

int stop_wait(int stop, int ms) {
    struct pollfd one = {.fd = stop, .events = POLLIN};
    return await_poll(&one, 1, ms) > 0 ? -ESHUTDOWN : 0;
}

int stop_catch(void) {
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        (void)sigemptyset(&signals);
    (void)sigprocmask(SIG_SETMASK, &signals, NULL);
    return fd;
}
