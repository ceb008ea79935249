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

#include "base/scratch.h"
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
    NODE_LENGTH = 4,  /* and of a decision, and the ends of a leaf */
    LEAF = 8,         /* rows that are compared one after the other */
    REST_LENGTH = 4,  /* instructions before the decisions */
    TYPE_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK
};

enum { MOST = CALLS_MOST * (ROW_LENGTH + CALLS_CHECKS * CHECK_LENGTH + NODE_LENGTH) + REST_LENGTH };

/* Distances of jumps that are not known yet: see settle */
enum { IF_FAILED = UINT8_MAX, IF_ALLOWED = UINT8_MAX - 1 };

/* A program that is being written. */
struct program {
    unsigned short length;
    bool is_broken; /* a leaf is too long for its jumps */
    struct sock_filter text[MOST];
};

static void put(struct program *program, unsigned short code, uint32_t k) {
    program->text[program->length++] = (struct sock_filter)BPF_STMT(code, k);
}

static void put_branch(struct program *program, unsigned short comparison, uint32_t k,
                       unsigned char if_true, unsigned char if_false) {
    program->text[program->length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, k, if_true, if_false);
}

/* Leaves the row if the comparison fails. */
static void put_jump(struct program *program, unsigned short comparison, uint32_t k, bool wanted) {
    put_branch(program, comparison, k, wanted ? 0 : IF_FAILED, wanted ? IF_FAILED : 0);
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

static unsigned char settled(struct program *program, unsigned char distance, unsigned char kind,
                             size_t far) {
    program->is_broken |= distance == kind && far >= IF_ALLOWED;
    return distance == kind ? (unsigned char)far : distance;
}

/* Makes the jumps of that kind, from begin on, lead to the instruction that is written next. They
 * are short: a leaf has few rows. */
static void settle(struct program *program, unsigned short begin, unsigned char kind) {
    for (unsigned short i = begin; i < program->length; i++) {
        struct sock_filter *at = &program->text[i];
        if (BPF_CLASS(at->code) != BPF_JMP || BPF_OP(at->code) == BPF_JA)
            continue;
        at->jt = settled(program, at->jt, kind, program->length - i - 1U);
        at->jf = settled(program, at->jf, kind, program->length - i - 1U);
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

/* How many of the rows are about the same call as the first one. */
static size_t count_same(const struct calls_row *const *rows, size_t n) {
    size_t same = 1;
    while (same < n && rows[same]->call == rows[0]->call)
        same++;
    return same;
}

static bool is_unconditional(const struct calls_row *row) {
    return row->checks[0].test == CALLS_NONE;
}

/* The rows of one call: the first whose checks hold decides. */
static void put_call(struct program *program, const struct calls_row *const *rows, size_t n,
                     const struct filter_facts *facts) {
    if (is_unconditional(rows[0]) && verdict_of(rows[0]) == SECCOMP_RET_ALLOW) {
        put_branch(program, BPF_JEQ, (uint32_t)rows[0]->call, IF_ALLOWED, 0);
        return;
    }
    unsigned short begin = program->length;
    put_branch(program, BPF_JEQ, (uint32_t)rows[0]->call, 0, 0);
    for (size_t i = 0; i < n; i++) {
        unsigned short row = program->length;
        for (unsigned k = 0; k < CALLS_CHECKS; k++)
            put_check(program, &rows[i]->checks[k], facts);
        put(program, BPF_RET | BPF_K, verdict_of(rows[i]));
        settle(program, row, IF_FAILED);
    }
    if (!is_unconditional(rows[n - 1]))
        put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program->is_broken |= program->length - begin > IF_ALLOWED;
    program->text[begin].jf = (unsigned char)(program->length - begin - 1);
}

/* A few calls, one after the other. */
static void put_leaf(struct program *program, const struct calls_row *const *rows, size_t n,
                     const struct filter_facts *facts) {
    unsigned short begin = program->length;
    for (size_t i = 0, same; i < n; i += same) {
        same = count_same(rows + i, n - i);
        put_call(program, rows + i, same, facts);
    }
    put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    settle(program, begin, IF_ALLOWED);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

/* Where to divide the rows so that both halves have whole calls. */
static size_t middle(const struct calls_row *const *rows, size_t n) {
    size_t at = n / 2;
    while (at < n && rows[at]->call == rows[at - 1]->call)
        at++;
    return at;
}

/* Decides by the number in which half of the sorted rows it is: the kernel runs the program once
 * for every number when it is installed. */
static void put_rows(struct program *program, const struct calls_row *const *rows, size_t n,
                     const struct filter_facts *facts) {
    size_t half = n > LEAF ? middle(rows, n) : n;
    if (half == n) {
        put_leaf(program, rows, n, facts);
        return;
    }
    unsigned short begin = program->length;
    put_branch(program, BPF_JGE, (uint32_t)rows[half]->call, 0, 1);
    put(program, BPF_JMP | BPF_JA, 0); /* which can be far */
    put_rows(program, rows, half, facts);
    program->text[begin + 1].k = program->length - begin - 2U;
    put_rows(program, rows + half, n - half, facts);
}

static void write_program(struct program *program, const struct filter_facts *facts) {
    const struct calls_row *sorted[CALLS_MOST];
    size_t count = sort_rows(facts->groups, sorted);
    program->length = 0;
    program->is_broken = false;
    load(program, offsetof(struct seccomp_data, arch));
    put_branch(program, BPF_JEQ, MACHINE, 1, 0);
    put(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    put_rows(program, sorted, count, facts);
}

static int install(struct program *program) {
    const struct sock_fprog all = {.len = program->length, .filter = program->text};
    /* prctl, and not seccomp(2): filters of systemd let it pass */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) < 0)
        return errno == EINVAL ? -EOPNOTSUPP : -errno;
    return 0;
}

int filter_enter(const struct filter_facts *facts) {
    if (MACHINE == 0)
        return -EOPNOTSUPP;
    struct program *program = scratch_take(sizeof(*program));
    write_program(program, facts);
    int result = program->is_broken ? -E2BIG : install(program);
    scratch_give(program);
    return result;
}

bool filter_is_known(void) {
    return MACHINE != 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}
