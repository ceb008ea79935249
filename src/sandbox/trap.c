#include "sandbox/trap.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log/log.h"
#include "sandbox/socketcall.h"

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

/* Nothing was interrupted but the system call, so that this may call what it wants. */
static void on_signal(int number, siginfo_t *info, void *context) {
    const struct log *log = trap_log;
    (void)number;
    if (socketcall_answer(info->si_syscall, context))
        return;
    trap_log = NULL; /* where the log itself is what is forbidden, there is no second line */
    if (log) {
        log_event(log, EVENT_FORBIDDEN_CALL, "Forbidden system call: %s (%d)",
                  name_of(info->si_syscall), info->si_syscall);
        log_close(log);
    }
    _exit(TRAP_STATUS);
}

/* Not blocked meanwhile: the log may want sockets. */
int trap_enter(const struct log *log) {
    const struct sigaction action = {.sa_sigaction = on_signal,
                                     .sa_flags = SA_SIGINFO | SA_NODEFER};
    trap_log = log;
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}
