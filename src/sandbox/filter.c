#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#else
#define MACHINE 0 /* no filter there */
#endif

enum {
    CHECKS = 3,       /* of a row at most */
    CHECK_LENGTH = 4, /* instructions of one check at most */
    ROW_LENGTH = 3,   /* and of a row beside them */
    AT_ONCE = 8,      /* rows that are passed over together */
    REST_LENGTH = 8,  /* instructions before and behind the rows, at most */
    TYPE_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK
};

/* How an argument is held against a value. */
enum test {
    TEST_NONE,
    TEST_IS,        /* an int that is that */
    TEST_AT,        /* an address that is that */
    TEST_WITHOUT,   /* flags with none of these bits */
    TEST_BUT_FLAGS, /* that type of socket, whatever the flags beside it */
    TEST_ABOVE      /* an address that is not lower; the value has at most 32 bits */
};

/* What the value is, where it is no constant. */
enum fact { CONSTANT, FAMILY, ADDRESS, ADDRESS_LENGTH, HELPER, SELF };

struct check {
    enum test test;
    unsigned argument; /* which of them, from 0 */
    uint64_t value;
    enum fact fact;
};

/* A system call that is let through, by these arguments; or, with an error, one that fails. */
struct row {
    long call;
    unsigned groups; /* who needs it */
    int error;
    struct check checks[CHECKS]; /* all of them must come out */
};

#define SESSION   FILTER_SESSION
#define DATA      FILTER_DATA
#define HELPED    FILTER_HELPED
#define SANITIZED FILTER_SANITIZED
#define BOTH      (FILTER_SESSION | FILTER_HELPER)

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
#define IS(argument, value)                                                                        \
    { TEST_IS, argument, value, CONSTANT }
#define IS_OUR(argument, fact)                                                                     \
    { TEST_IS, argument, 0, fact }
#define AT(argument, fact)                                                                         \
    { TEST_AT, argument, 0, fact }
#define IS_NULL(argument)                                                                          \
    { TEST_AT, argument, 0, CONSTANT }
#define WITHOUT(argument, bits)                                                                    \
    { TEST_WITHOUT, argument, bits, CONSTANT }
#define BUT_FLAGS(argument, type)                                                                  \
    { TEST_BUT_FLAGS, argument, type, CONSTANT }
#define ABOVE(argument, least)                                                                     \
    { TEST_ABOVE, argument, least, CONSTANT }

static const struct row rows[] = {
    /* The control connection, and what is uploaded */
    LET(read, BOTH),
    LET(write, BOTH),
    LET(readv, SESSION),
    LET(writev, BOTH),
    LET(pread64, BOTH),
    LET(pwrite64, SESSION),
    LET(lseek, BOTH),
    LET(recvfrom, BOTH),
    LET(recvmsg, SESSION),
    LET(sendto, BOTH, IS_NULL(4)),                /* to whom it is connected, nobody else */
    LET(sendmsg, BOTH, WITHOUT(2, MSG_FASTOPEN)), /* which would connect; for the journal */
    LET(sendfile, SESSION),
    LET(copy_file_range, SESSION),
    LET(shutdown, SESSION),
    LET(close, BOTH),
#ifdef SYS_poll
    LET(poll, BOTH),
#endif
    LET(ppoll, BOTH),

    /* Files: which ones is Landlock's business */
    LET(openat, SESSION),
    FAIL(openat, FILTER_HELPER, EACCES), /* it has read what it needs */
    LET(openat2, SESSION),
    LET(newfstatat, BOTH),
    LET(fstat, BOTH),
    LET(statx, SESSION),
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
    LET(ftruncate, SESSION),
    LET(fallocate, SESSION),
    LET(fsync, SESSION),
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
    LET(fcntl, SESSION, IS(1, F_OFD_SETLK)),
    LET(fcntl, SESSION, IS(1, F_OFD_SETLKW)),
    LET(fcntl, BOTH, IS(1, F_ADD_SEALS)), /* libsystemd: what is too large for a datagram */
    LET(memfd_create, BOTH),
    LET(ioctl, SESSION, IS(1, FIONREAD)),
    LET(ioctl, SESSION, IS(1, FS_IOC_FSGETXATTR)),

    /* Data connections: from and to the client's own family, and to no host but its own */
    LET(socket, DATA, IS_OUR(0, FAMILY), BUT_FLAGS(1, SOCK_STREAM), IS(2, 0)),
    LET(socket, FILTER_LOGGING, IS(0, AF_UNIX), BUT_FLAGS(1, SOCK_DGRAM), IS(2, 0)),
    LET(getsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUF)),
    LET(setsockopt, FILTER_LOGGING, IS(1, SOL_SOCKET), IS(2, SO_SNDBUFFORCE)),
    FAIL(socket, BOTH, EACCES), /* syslog(3) when the daemon has been restarted */
    LET(bind, DATA),
    LET(listen, DATA),
    LET(accept4, DATA),
    LET(connect, DATA, AT(1, ADDRESS), IS_OUR(2, ADDRESS_LENGTH)),
    LET(getsockname, DATA),
    LET(getsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_ERROR)),
    LET(setsockopt, SESSION, IS(1, IPPROTO_TCP), IS(2, TCP_NODELAY)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_OOBINLINE)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_REUSEADDR)),
    LET(setsockopt, SESSION, IS(1, SOL_SOCKET), IS(2, SO_LINGER)),

    /* Memory: none of it can be run, none where the client's address lies */
    LET(brk, BOTH),
    LET(mmap, BOTH, IS_NULL(0), WITHOUT(2, PROT_EXEC), WITHOUT(3, MAP_FIXED | MAP_FIXED_NOREPLACE)),
    LET(munmap, BOTH, ABOVE(0, DIAL_END)),
    LET(mremap, BOTH, ABOVE(0, DIAL_END), IS(3, MREMAP_MAYMOVE)),

    /* The process */
    LET(exit_group, BOTH),
    LET(getpid, BOTH),
    LET(gettid, BOTH),
    LET(geteuid, SESSION),
    LET(getegid, SESSION),
    LET(getrandom, BOTH),
    LET(clock_gettime, BOTH), /* where the vDSO has no good clock */
    LET(gettimeofday, BOTH),
#ifdef SYS_time
    LET(time, BOTH),
#endif
    LET(clock_nanosleep, BOTH),
    LET(sysinfo, BOTH), /* qsort(3): how much memory there is */
    LET(futex, BOTH),
    LET(rt_sigprocmask, BOTH), /* abort(3), as the next two */
    LET(rt_sigaction, BOTH),
    LET(tgkill, BOTH, IS_OUR(0, SELF), IS(2, SIGABRT)),
    LET(rt_sigreturn, BOTH),
    LET(restart_syscall, BOTH),
    LET(kill, HELPED, IS_OUR(0, HELPER), IS(1, SIGKILL)),
    LET(wait4, HELPED, IS_OUR(0, HELPER)),
    LET(landlock_create_ruleset, SESSION), /* after a login: even less */
    LET(landlock_add_rule, SESSION),
    LET(landlock_restrict_self, SESSION),
    {-1, BOTH, 0, {}}, /* what a tracer leaves of a call that it answers itself */

    /* AddressSanitizer and its search for leaks at the end */
    LET(mmap, SANITIZED, WITHOUT(2, PROT_EXEC)),
    LET(munmap, SANITIZED),
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
};

enum {
    ROW_COUNT = sizeof(rows) / sizeof(rows[0]),
    MOST = ROW_COUNT * (ROW_LENGTH + CHECKS * CHECK_LENGTH + 2) + REST_LENGTH
};

/* A program that is being written. */
struct program {
    struct sock_filter text[MOST];
    unsigned short length;
};

static void put(struct program *program, unsigned short code, uint32_t k) {
    program->text[program->length++] = (struct sock_filter)BPF_STMT(code, k);
}

/* Goes on behind the next instruction where the comparison does not come out. How far is not known
 * before the row is whole: see settle. */
static void put_jump(struct program *program, unsigned short comparison, uint32_t k, bool wanted) {
    program->text[program->length++] = (struct sock_filter)BPF_JUMP(
        BPF_JMP | comparison | BPF_K, k, wanted ? 0 : UINT8_MAX, wanted ? UINT8_MAX : 0);
}

static void load(struct program *program, size_t offset) {
    put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Which of the two words of an argument has the lower bits */
enum { LOWER = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, UPPER = !LOWER };

static void load_word(struct program *program, unsigned argument, unsigned word) {
    load(program, offsetof(struct seccomp_data, args[0]) + argument * sizeof(uint64_t) +
                      word * sizeof(uint32_t));
}

static uint64_t value_of(const struct check *check, const struct filter_facts *facts) {
    switch (check->fact) {
    case FAMILY:
        return facts->dial->address->sa_family;
    case ADDRESS:
        return (uintptr_t)facts->dial->address;
    case ADDRESS_LENGTH:
        return facts->dial->length;
    case HELPER:
        return (uint32_t)facts->helper;
    case SELF:
        return (uint32_t)getpid();
    default:
        return check->value;
    }
}

static void put_check(struct program *program, const struct check *check,
                      const struct filter_facts *facts) {
    uint64_t value = value_of(check, facts);
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
    switch (check->test) {
    case TEST_AT:
        load_word(program, check->argument, UPPER);
        put_jump(program, BPF_JEQ, high, true);
        /* fall through */
    case TEST_IS:
        load_word(program, check->argument, LOWER);
        put_jump(program, BPF_JEQ, low, true);
        break;
    case TEST_WITHOUT:
        load_word(program, check->argument, LOWER);
        put_jump(program, BPF_JSET, low, false);
        break;
    case TEST_BUT_FLAGS:
        load_word(program, check->argument, LOWER);
        put(program, BPF_ALU | BPF_AND | BPF_K, (uint32_t)~TYPE_FLAGS);
        put_jump(program, BPF_JEQ, low, true);
        break;
    case TEST_ABOVE:
        load_word(program, check->argument, UPPER);
        program->text[program->length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2);
        load_word(program, check->argument, LOWER);
        put_jump(program, BPF_JGE, low, true);
        break;
    default:
        break;
    }
}

/* Has the jumps of a row that failed lead behind it. */
static void settle(struct program *program, unsigned short begin) {
    for (unsigned short i = begin; i < program->length; i++) {
        struct sock_filter *at = &program->text[i];
        unsigned char far = (unsigned char)(program->length - i - 1);
        if (BPF_CLASS(at->code) != BPF_JMP)
            continue;
        at->jt = at->jt == UINT8_MAX ? far : at->jt;
        at->jf = at->jf == UINT8_MAX ? far : at->jf;
    }
}

/* The rows of the groups, by the numbers of the calls; of those with the same number in the table's
 * order. Returns how many. */
static size_t sort_rows(unsigned groups, const struct row *sorted[ROW_COUNT]) {
    size_t n = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!(rows[i].groups & groups))
            continue;
        size_t at = n++;
        for (; at > 0 && (uint32_t)sorted[at - 1]->call > (uint32_t)rows[i].call; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &rows[i];
    }
    return n;
}

static void put_row(struct program *program, const struct row *row,
                    const struct filter_facts *facts) {
    unsigned short begin = program->length;
    bool checked = row->checks[0].test != TEST_NONE;
    put_jump(program, BPF_JEQ, (uint32_t)row->call, true);
    for (unsigned i = 0; i < CHECKS; i++)
        put_check(program, &row->checks[i], facts);
    put(program, BPF_RET | BPF_K,
        row->error ? SECCOMP_RET_ERRNO | (uint32_t)row->error : SECCOMP_RET_ALLOW);
    settle(program, begin);
    if (checked) /* what was compared is not the number any more */
        load(program, offsetof(struct seccomp_data, nr));
}

/* A few rows at once are passed over when the number is higher than theirs. The kernel runs the
 * program once for every number there is, when it is handed over. */
static void put_rows(struct program *program, const struct row *const *some, size_t n,
                     const struct filter_facts *facts) {
    unsigned short begin = program->length;
    program->length += 2;
    for (size_t i = 0; i < n; i++)
        put_row(program, some[i], facts);
    const uint32_t length = program->length - begin - 2U;
    program->text[begin] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)some[n - 1]->call, 0, 1);
    program->text[begin + 1] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, length);
}

static void write_program(struct program *program, const struct filter_facts *facts) {
    const uint32_t otherwise = facts->names ? SECCOMP_RET_TRAP : SECCOMP_RET_KILL_PROCESS;
    const struct row *sorted[ROW_COUNT];
    size_t count = sort_rows(facts->groups, sorted);
    program->length = 0;
    load(program, offsetof(struct seccomp_data, arch));
    program->text[program->length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; i += AT_ONCE)
        put_rows(program, sorted + i, count - i < AT_ONCE ? count - i : AT_ONCE, facts);
    put(program, BPF_RET | BPF_K, otherwise);
}

int filter_enter(const struct filter_facts *facts) {
    static struct program program; /* static only for its size */
    if (MACHINE == 0)
        return -EOPNOTSUPP;
    write_program(&program, facts);
    const struct sock_fprog all = {.len = program.length, .filter = program.text};
    /* prctl, and not seccomp(2): filters of systemd let it pass */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) < 0)
        return errno == EINVAL ? -EOPNOTSUPP : -errno;
    return 0;
}

bool filter_is_known(void) {
    return MACHINE != 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}
