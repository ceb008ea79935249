#include "trap.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../log.h"

static const struct {
    long number;
    const char *name;
} calls[] = {
#include "syscalls.inc" /* made from the headers of the system: see Makefile */
};

static const struct log *trap_log; /* a signal brings no argument */

static const char *name_of(long number) {
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i].number == number)
            return calls[i].name;
    }
    return "unknown";
}

/* Nothing was interrupted but the system call, so that this may call what it wants. When the log
 * itself is what is forbidden, the signal is blocked here, and the kernel ends the process. */
static void on_forbidden(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    log_event(trap_log, EVENT_FORBIDDEN_CALL, "Forbidden system call: %s (%d)",
              name_of(info->si_syscall), info->si_syscall);
    log_close(trap_log);
    _exit(TRAP_STATUS);
}

int trap_enter(const struct log *log) {
    const struct sigaction action = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO};
    trap_log = log;
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}
