#include "rlimits.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "log/log.h"
#include "net/control.h"
#include "serve.h"
#include "start.h"

#define KIB ((rlim_t)1024)
#define MIB (1024 * KIB)

/* With fewer descriptors the client cannot be moved to its place; if more are missing later, the
 * client gets an error. The stack is twice what the deepest calls need. */
static const struct {
    __rlimit_resource_t resource;
    rlim_t least, wanted;
    const char *complaint;
} limits[] = {
    {RLIMIT_STACK, 256 * KIB, MIB,
     "the limit of the stack is below 256 KiB (ulimit -s, LimitSTACK=)"},
    {RLIMIT_NOFILE, 8, 128, "the limit of open files is below 8 (ulimit -n, LimitNOFILE=)"},
    {RLIMIT_AS, 8 * MIB, 32 * MIB, "the limit of addresses is below 8 MiB (ulimit -v, LimitAS=)"},
    {RLIMIT_DATA, 2 * MIB, 32 * MIB, "the limit of data is below 2 MiB (ulimit -d, LimitDATA=)"},
};

/* Raises a limit that is too low, as far as allowed. Returns the limit. */
static rlim_t raise_limit(__rlimit_resource_t resource, rlim_t wanted) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0)
        return RLIM_INFINITY;
    const rlim_t before = limit.rlim_cur;
    if (before >= wanted)
        return before;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    return setrlimit(resource, &limit) < 0 ? before : limit.rlim_cur;
}

const char *rlimits_raise(void) {
    const char *complaint = NULL;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (raise_limit(limits[i].resource, limits[i].wanted) < limits[i].least && !complaint)
            complaint = limits[i].complaint;
    }
    return complaint;
}

int rlimits_refuse(const char *complaint) {
    struct start start;
    start_look(&start);
    openlog("stord", LOG_PID, LOG_FTP);
    if (start.stderr_is_client)
        syslog(LOG_ERR, "Cannot start: %s", complaint);
    else if (log_journal_stream())
        (void)dprintf(STDERR_FILENO, "<%d>Cannot start: %s\n", LOG_ERR, complaint);
    else
        (void)dprintf(STDERR_FILENO, "stord[%d]: Cannot start: %s\n", (int)getpid(), complaint);
    if (start.out >= 0)
        serve_refuse_at(start.in, start.out);
    return EX_OSERR;
}
