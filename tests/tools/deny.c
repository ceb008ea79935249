/*
 * deny ERROR NUMBER... -- COMMAND ARGUMENT...: runs the command under a seccomp filter that
 * answers ERROR to system calls: what units do to a program (RestrictSUIDSGID= answers ENOSYS to
 * openat2, SystemCallFilter= answers EPERM). Names known here: see the table.
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
};

static const struct word errors[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM}, {NULL, 0}};
static const struct word calls[] = {{"openat2", SYS_openat2},     {"close_range", SYS_close_range},
                                    {"renameat2", SYS_renameat2}, {"fallocate", SYS_fallocate},
                                    {"sendfile", SYS_sendfile},   {NULL, 0}};

static unsigned find(const struct word *words, const char *name) {
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0)
            return words->value;
    }
    fprintf(stderr, "deny: unknown word %s\n", name);
    _exit(64);
}

int main(int argc, char **argv) {
    if (argc < 5)
        return 64;
    struct sock_filter program[64] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short n = 1;
    unsigned error = find(errors, argv[1]);
    int at = 2;
    for (; at < argc && strcmp(argv[at], "--") != 0 && n < 60; at++) {
        program[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, find(calls, argv[at]), 0, 1);
        program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = {.len = n, .filter = program};
    if (at + 1 >= argc || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
        perror("deny");
        return 71;
    }
    (void)execvp(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    return 71;
}
