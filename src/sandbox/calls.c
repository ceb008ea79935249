#include "sandbox/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "net/dial.h"
#include "sandbox/filter.h"
#include "sandbox/numbers.h"

#define SESSION   FILTER_SESSION
#define DATA      FILTER_DATA
#define HELPED    FILTER_HELPED
#define JOURNAL   FILTER_JOURNAL
#define SANITIZED FILTER_SANITIZED
#define AIO       FILTER_AIO
#define BOTH      (FILTER_SESSION | FILTER_HELPER)

enum { ANY_PLACE = MAP_FIXED | MAP_FIXED_NOREPLACE };

/* Versions of clang-format do not agree here. */
/* clang-format off */
#define LET(name, groups, ...)                                                                     \
    {                                                                                              \
        SYS_##name, groups, 0, {                                                                   \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define FAIL(name, groups, error)                                                                  \
    {                                                                                              \
        SYS_##name, groups, error, {                                                               \
        }                                                                                          \
    }
#define TELL(name, groups)                                                                         \
    {                                                                                              \
        SYS_##name, groups, CALLS_TOLD, {                                                          \
        }                                                                                          \
    }
#define IS(argument, value)                                                                        \
    { CALLS_IS, argument, value, CALLS_CONSTANT }
#define IS_OUR(argument, fact)                                                                     \
    { CALLS_IS, argument, 0, fact }
#define AT(argument, fact)                                                                         \
    { CALLS_AT, argument, 0, fact }
#define IS_NULL(argument)                                                                          \
    { CALLS_AT, argument, 0, CALLS_CONSTANT }
#define WITHOUT(argument, bits)                                                                    \
    { CALLS_WITHOUT, argument, bits, CALLS_CONSTANT }
#define BUT_FLAGS(argument, type)                                                                  \
    { CALLS_BUT_FLAGS, argument, type, CALLS_CONSTANT }
#define OVER(argument, least)                                                                      \
    { CALLS_OVER, argument, least, CALLS_CONSTANT }
#define ABOVE(argument, least)                                                                     \
    { CALLS_ABOVE, argument, least, CALLS_CONSTANT }
/* clang-format on */

const struct calls_row calls_rows[] = {
    /* The control connection, and what is uploaded */
    LET(read, BOTH),
    LET(write, BOTH),
    LET(readv, SESSION),
    LET(writev, BOTH),
    LET(pread64, SESSION),
    LET(pwrite64, SESSION, OVER(0, DESCRIPTOR_OTHERS)),
    LET(lseek, SESSION, OVER(0, DESCRIPTOR_OTHERS)),
    LET(recvfrom, BOTH),
    LET(recvmsg, SESSION),
    LET(sendto, BOTH, IS_NULL(4)),                /* only to the other end of its connection */
    LET(sendmsg, BOTH, WITHOUT(2, MSG_FASTOPEN)), /* which would connect; the journal's */
#ifdef SYS_send
    LET(recv, BOTH),
    LET(send, BOTH),
#endif
#ifdef SYS_socketcall
    TELL(socketcall, BOTH), /* all of them in one, with arguments that no filter sees */
#endif
    LET(sendfile, SESSION),
    LET(copy_file_range, SESSION, OVER(2, DESCRIPTOR_OTHERS)),
    LET(shutdown, SESSION),
    LET(close, BOTH),
#ifdef SYS_poll
    LET(poll, BOTH),
#endif
    LET(ppoll, BOTH),

    /* Files: Landlock decides which */
    LET(openat, SESSION),
    FAIL(openat, FILTER_HELPER, EACCES), /* it has read what it needs */
    LET(openat2, SESSION),
    LET(newfstatat, BOTH),
    LET(fstat, BOTH),
    LET(statx, NUMBERS_OF_32_BITS ? BOTH : SESSION), /* fstat(3), too, on 32-bit machines */
    LET(fstatfs, SESSION),
    LET(faccessat, SESSION),
    LET(faccessat2, SESSION),
    LET(getdents64, SESSION),
    LET(mkdirat, SESSION),
    LET(unlinkat, SESSION),
    LET(linkat, SESSION),
#ifdef SYS_renameat
    LET(renameat, SESSION),
#endif
    LET(renameat2, SESSION),
    LET(fchmod, SESSION),
    LET(fchmodat, SESSION),
    LET(fchown, SESSION),
    LET(utimensat, SESSION),
    LET(umask, SESSION),
    LET(ftruncate, SESSION, OVER(0, DESCRIPTOR_OTHERS)),
    LET(fallocate, SESSION, OVER(0, DESCRIPTOR_OTHERS)),
    LET(fsync, SESSION),
    LET(io_setup, AIO), /* several fsyncs at once; no filter sees that they are no pwrite64 */
    LET(io_submit, AIO),
    LET(io_getevents, AIO),
    FAIL(io_setup, SESSION, ENOSYS), /* they come one after the other */
    LET(syncfs, SESSION),
    LET(sync, SESSION),
    LET(sync_file_range, SESSION),
    LET(fgetxattr, SESSION),
    LET(flock, SESSION),
    LET(fcntl, SESSION, IS(1, F_GETFD)),
    LET(fcntl, SESSION, IS(1, F_SETFD)),
    LET(fcntl, SESSION, IS(1, F_GETFL)),
    LET(fcntl, SESSION, IS(1, F_SETFL)),
    LET(fcntl, SESSION, IS(1, F_DUPFD_CLOEXEC)),
    LET(fcntl, SESSION, IS(1, F_OFD_GETLK)),
    LET(fcntl, SESSION, IS(1, F_OFD_SETLK)),
    LET(fcntl, SESSION, IS(1, F_OFD_SETLKW)),
    LET(ioctl, SESSION, IS(1, FIONREAD)),
    LET(ioctl, SESSION, IS(1, SIOCOUTQ)), /* has the client, or the journal, taken it? */
    LET(ioctl, SESSION, IS(1, FS_IOC_FSGETXATTR)),

    /* Data connections: of the client's own address family, and only to its host */
    LET(socket, DATA, IS_OUR(0, CALLS_FAMILY), BUT_FLAGS(1, SOCK_STREAM), IS(2, 0)),
    LET(bind, DATA),
    LET(listen, DATA),
    LET(accept4, DATA),
    LET(connect, DATA, AT(1, CALLS_ADDRESS), IS_OUR(2, CALLS_ADDRESS_LENGTH)),
    LET(getsockname, DATA),
    LET(getsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
    LET(getsockopt, SESSION, IS(1, IPPROTO_TCP), IS(2, TCP_INFO)),
    LET(setsockopt, SESSION, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_OOBINLINE)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_LINGER)),

    /* The log */
    /* libsystemd: what does not fit into a datagram, or not at once */
    LET(memfd_create, JOURNAL),
    LET(prctl, JOURNAL, IS(0, PR_GET_NAME)), /* it has that name */
    LET(fcntl, JOURNAL, IS(1, F_ADD_SEALS)),
    LET(socket, FILTER_LOGGING, IS(0, AF_UNIX), BUT_FLAGS(1, SOCK_DGRAM), IS(2, 0)),
    LET(fcntl, FILTER_LOGGING, IS(0, STDERR_FILENO), IS(1, F_DUPFD_CLOEXEC)),
    LET(getsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF)),
    LET(getsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_DOMAIN)),
    LET(getsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_TYPE)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDTIMEO_OLD)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDTIMEO_NEW)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUFFORCE)),
    FAIL(socket, BOTH, EACCES), /* syslog(3) when the daemon has been restarted */

    /* Memory: none of it can be run, all of it counts, and none is where the client's address
     * lies */
    LET(brk, BOTH),
    LET(mmap, BOTH, IS_NULL(0), WITHOUT(2, PROT_EXEC), WITHOUT(3, ANY_PLACE | MAP_SHARED)),
    LET(munmap, BOTH, ABOVE(0, DIAL_END)),
    LET(mremap, BOTH, ABOVE(0, DIAL_END), IS(3, MREMAP_MAYMOVE)),

    /* The process */
    LET(exit_group, BOTH),
    LET(getpid, BOTH),
    LET(gettid, BOTH),
    LET(geteuid, SESSION),
    LET(getegid, SESSION),
    LET(getrandom, BOTH),
    LET(clock_gettime, BOTH), /* if the vDSO has no good clock */
    LET(gettimeofday, BOTH),
#ifdef SYS_time
    LET(time, BOTH),
#endif
    LET(clock_nanosleep, BOTH),
    LET(sysinfo, BOTH), /* qsort(3): how much memory there is */
    LET(futex, BOTH),
    LET(rt_sigprocmask, BOTH), /* for abort(3), like the next two */
    LET(rt_sigaction, BOTH),
    LET(tgkill, BOTH, IS_OUR(0, CALLS_SELF), IS(2, SIGABRT)),
    LET(rt_sigreturn, BOTH),
    LET(restart_syscall, BOTH),
    LET(kill, HELPED, IS_OUR(0, CALLS_HELPER), IS(1, SIGKILL)),
    LET(wait4, HELPED, IS_OUR(0, CALLS_HELPER)),
    LET(landlock_create_ruleset, SESSION), /* after a login: fewer files */
    LET(landlock_add_rule, SESSION),
    LET(landlock_restrict_self, SESSION),
    {-1, BOTH, 0, {}}, /* what a tracer makes of a call that it answers itself */

#if NUMBERS_OF_32_BITS
    /* Times beyond 2038, and timeouts of some versions of the C library */
    LET(ppoll_time64, BOTH),
    LET(utimensat_time64, SESSION),
    LET(clock_nanosleep_time64, BOTH),
    LET(futex_time64, BOTH),
#endif

    /* AddressSanitizer and its search for leaks at the end */
    LET(mmap, SANITIZED, WITHOUT(2, PROT_EXEC)),
    LET(munmap, SANITIZED),
    LET(lseek, SANITIZED),
    LET(mprotect, SANITIZED, WITHOUT(2, PROT_EXEC)),
    LET(madvise, SANITIZED),
    LET(sigaltstack, SANITIZED),
    LET(prctl, SANITIZED),
    LET(prlimit64, SANITIZED),
    LET(sched_yield, SANITIZED),
    LET(sched_getaffinity, SANITIZED),
    LET(readlinkat, SANITIZED),
    LET(clone, SANITIZED),
    LET(ptrace, SANITIZED),
    LET(wait4, SANITIZED),
    LET(tgkill, SANITIZED),
    LET(getppid, SANITIZED),
    LET(exit, SANITIZED),
#ifdef SYS_readlink
    LET(readlink, SANITIZED),
    LET(open, SANITIZED),
    LET(getdents, SANITIZED),
    LET(pipe, SANITIZED),
#endif
    LET(pipe2, SANITIZED),

    /* What malloc(3) can do without. Last, because the first row that fits counts. */
    FAIL(madvise, BOTH, EINVAL),
    FAIL(mprotect, BOTH, ENOMEM),
};

const size_t calls_count = sizeof(calls_rows) / sizeof(calls_rows[0]);

_Static_assert(sizeof(calls_rows) / sizeof(calls_rows[0]) <= CALLS_MOST, "too many rows");
