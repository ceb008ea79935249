#include "sandbox/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/calls.h"

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__ARMEL__) && defined(__ARM_EABI__)
#define MACHINE AUDIT_ARCH_ARM
#else
#define MACHINE 0 /* no filter there */
#endif

enum {
    CHECK_LENGTH = 4, /* instructions of one check at most */
    ROW_LENGTH = 3,   /* and of a row without them */
    AT_ONCE = 8,      /* rows that are skipped together */
    REST_LENGTH = 8,  /* instructions before and after the rows, at most */
    TYPE_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK
};

enum { MOST = CALLS_MOST * (ROW_LENGTH + CALLS_CHECKS * CHECK_LENGTH + 2) + REST_LENGTH };

/* A program that is being written. */
struct program {
    struct sock_filter text[MOST];
    unsigned short length;
};

static void put(struct program *program, unsigned short code, uint32_t k) {
    program->text[program->length++] = (struct sock_filter)BPF_STMT(code, k);
}

static void put_branch(struct program *program, unsigned short comparison, uint32_t k,
                       unsigned char if_true, unsigned char if_false) {
    program->text[program->length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, k, if_true, if_false);
}

/* Leaves the row if the comparison fails. The distance is not known before the row is complete: see
 * settle. */
static void put_jump(struct program *program, unsigned short comparison, uint32_t k, bool wanted) {
    put_branch(program, comparison, k, wanted ? 0 : UINT8_MAX, wanted ? UINT8_MAX : 0);
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

static uint64_t value_of(const struct calls_check *check, const struct filter_facts *facts) {
    switch (check->fact) {
    case CALLS_FAMILY:
        return facts->dial->address->sa_family;
    case CALLS_ADDRESS:
        return (uintptr_t)facts->dial->address;
    case CALLS_ADDRESS_LENGTH:
        return facts->dial->length;
    case CALLS_HELPER:
        return (uint32_t)facts->helper;
    case CALLS_SELF:
        return (uint32_t)getpid();
    default:
        return check->value;
    }
}

/* Compares an int, or the lower word of an address. */
static void put_compare(struct program *program, const struct calls_check *check,
                        unsigned short comparison, uint32_t k, bool wanted) {
    load_word(program, check->argument, LOWER);
    put_jump(program, comparison, k, wanted);
}

static void put_check(struct program *program, const struct calls_check *check,
                      const struct filter_facts *facts) {
    uint64_t value = value_of(check, facts);
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
    switch (check->test) {
    case CALLS_AT:
        load_word(program, check->argument, UPPER);
        put_jump(program, BPF_JEQ, high, true);
        /* fall through */
    case CALLS_IS:
        put_compare(program, check, BPF_JEQ, low, true);
        break;
    case CALLS_WITHOUT:
        put_compare(program, check, BPF_JSET, low, false);
        break;
    case CALLS_BUT_FLAGS:
        load_word(program, check->argument, LOWER);
        put(program, BPF_ALU | BPF_AND | BPF_K, (uint32_t)~TYPE_FLAGS);
        put_jump(program, BPF_JEQ, low, true);
        break;
    case CALLS_ABOVE: /* anything with bits in its upper word is: skips the lower one */
        load_word(program, check->argument, UPPER);
        put_branch(program, BPF_JEQ, 0, 0, 2);
        /* fall through */
    case CALLS_OVER:
        put_compare(program, check, BPF_JGE, low, true);
        break;
    default:
        break;
    }
}

/* Makes the jumps for failed comparisons lead past the row. */
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

/* Sorts the rows of the groups by the calls' numbers, and those with the same number in the table's
 * order. Returns how many. */
static size_t sort_rows(unsigned groups, const struct calls_row *sorted[CALLS_MOST]) {
    size_t n = 0;
    for (size_t i = 0; i < calls_count; i++) {
        if (!(calls_rows[i].groups & groups))
            continue;
        size_t at = n++;
        for (; at > 0 && (uint32_t)sorted[at - 1]->call > (uint32_t)calls_rows[i].call; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &calls_rows[i];
    }
    return n;
}

static uint32_t verdict_of(const struct calls_row *row) {
    if (row->error == CALLS_TOLD)
        return SECCOMP_RET_TRAP;
    return row->error ? SECCOMP_RET_ERRNO | (uint32_t)row->error : SECCOMP_RET_ALLOW;
}

static void put_row(struct program *program, const struct calls_row *row,
                    const struct filter_facts *facts) {
    unsigned short begin = program->length;
    bool checked = row->checks[0].test != CALLS_NONE;
    put_jump(program, BPF_JEQ, (uint32_t)row->call, true);
    for (unsigned i = 0; i < CALLS_CHECKS; i++)
        put_check(program, &row->checks[i], facts);
    put(program, BPF_RET | BPF_K, verdict_of(row));
    settle(program, begin);
    if (checked) /* the checks have loaded something else than the number */
        load(program, offsetof(struct seccomp_data, nr));
}

/* A few rows are skipped at once if the number is higher than theirs: the kernel runs the program
 * once for every number when it is installed. */
static void put_rows(struct program *program, const struct calls_row *const *some, size_t n,
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
    const struct calls_row *sorted[CALLS_MOST];
    size_t count = sort_rows(facts->groups, sorted);
    program->length = 0;
    load(program, offsetof(struct seccomp_data, arch));
    put_branch(program, BPF_JEQ, MACHINE, 1, 0);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < count; i += AT_ONCE)
        put_rows(program, sorted + i, count - i < AT_ONCE ? count - i : AT_ONCE, facts);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
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
