#include "users/aide.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "log/metrics.h"

int aide_start(int type, aide_work *work, const void *setup, pid_t *ret_pid) {
    int pair[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pair[0]);
        work(setup, pair[1]);
    }
    (void)close(pair[1]);
    if (pid < 0) {
        int error = -errno;
        (void)close(pair[0]);
        return error;
    }
    *ret_pid = pid;
    return pair[0];
}

void aide_begin(const char *metrics) {
    sigset_t none;
    if (metrics)
        metrics_forget(); /* the session counts what came before */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)close(DESCRIPTOR_IN);
    (void)close(DESCRIPTOR_OUT);
}

void aide_become(const struct privileges_target *user, const char *metrics) {
    if (privileges_drop(user) < 0) /* nor could it log why */
        _exit(EXIT_FAILURE);
    if (metrics)
        (void)metrics_open(metrics); /* the session logs why not */
    (void)prctl(PR_SET_DUMPABLE, 0);
}
