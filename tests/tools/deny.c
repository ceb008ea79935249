/*
 * deny ERROR NUMBER... -- COMMAND ARGUMENT...: runs the command under a seccomp filter that
 * answers ERROR to system calls: what units do to a program (RestrictSUIDSGID= answers ENOSYS to
 * openat2, SystemCallFilter= answers EPERM), and older kernels. Names known here: see the tables.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct word {
    const char *name;
    unsigned value;
    unsigned argument; /* the first one, of a call that has many meanings */
};

static const struct word errors[] = {{"ENOSYS", ENOSYS, 0},
                                     {"EPERM", EPERM, 0},
                                     {"EOPNOTSUPP", EOPNOTSUPP, 0},
                                     {"EINVAL", EINVAL, 0},
                                     {NULL, 0, 0}};
static const struct word calls[] = {{"openat2", SYS_openat2, 0},
                                    {"close_range", SYS_close_range, 0},
                                    {"renameat2", SYS_renameat2, 0},
                                    {"fallocate", SYS_fallocate, 0},
                                    {"sendfile", SYS_sendfile, 0},
                                    {"landlock_create_ruleset", SYS_landlock_create_ruleset, 0},
                                    {"landlock_add_rule", SYS_landlock_add_rule, 0},
                                    {"landlock_restrict_self", SYS_landlock_restrict_self, 0},
                                    {"PR_SET_SECCOMP", SYS_prctl, PR_SET_SECCOMP},
                                    {NULL, 0, 0}};

static const struct word *find(const struct word *words, const char *name) {
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0)
            return words;
    }
    fprintf(stderr, "deny: unknown word %s\n", name);
    _exit(64);
}

static void put(struct sock_fprog *filter, unsigned short code, unsigned k, unsigned char no) {
    filter->filter[filter->len++] = (struct sock_filter)BPF_JUMP(code, k, 0, no);
}

/* Loads the number, compares it and perhaps the lower half of the first argument. */
static void forbid(struct sock_fprog *filter, const struct word *call, unsigned error) {
    const unsigned lower = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
    put(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0);
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, call->value, call->argument ? 3 : 1);
    if (call->argument) {
        put(filter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]) + lower, 0);
        put(filter, BPF_JMP | BPF_JEQ | BPF_K, call->argument, 1);
    }
    put(filter, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error, 0);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 64;
    struct sock_filter text[128];
    struct sock_fprog filter = {.filter = text};
    unsigned error = find(errors, argv[1])->value;
    int at = 2;
    for (; at < argc && strcmp(argv[at], "--") != 0 && filter.len < 120; at++)
        forbid(&filter, find(calls, argv[at]), error);
    put(&filter, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0);
    if (at + 1 >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
        perror("deny");
        return 71;
    }
    (void)execvp(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    return 71;
}
