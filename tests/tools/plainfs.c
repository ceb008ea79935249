/*
 * plainfs [links] COMMAND ARGUMENT...: runs the command as on a file system that knows no unnamed
 * files and no renames with flags, and no second names either unless told so (FAT; with links,
 * NFS). It is a seccomp filter, so that all else is as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNNAMED     (O_TMPFILE & ~O_DIRECTORY)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Goes on with the next line where the call is `number`, else behind the next `skipped` lines. */
#define CALL(number, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, skipped)
#define HAS(bits, skipped)    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skipped)

int main(int argc, char **argv) {
    bool links = argc > 1 && strcmp(argv[1], "links") == 0;
    unsigned to_link = links ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM;
    char **command = argv + 1 + links;
    struct sock_filter program[] = {
        LOAD(nr),
        CALL(SYS_openat, 4), /* with a flag that asks for an unnamed file */
        LOAD(args[2]),
        HAS(UNNAMED, 1),
        FAIL(EOPNOTSUPP),
        ALLOW,
        CALL(SYS_renameat2, 4), /* with any flag */
        LOAD(args[4]),
        HAS(~0U, 1),
        FAIL(EINVAL),
        ALLOW,
        CALL(SYS_linkat, 1),
        BPF_STMT(BPF_RET | BPF_K, to_link),
        ALLOW,
    };
    struct sock_fprog filter = {.len = sizeof(program) / sizeof(program[0]), .filter = program};
    if (!*command || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
        perror("plainfs");
        return 71;
    }
    (void)execvp(*command, command);
    perror(*command);
    return 71;
}
