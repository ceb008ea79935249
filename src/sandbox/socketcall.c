#include "sandbox/socketcall.h"

#include <sys/syscall.h>

#ifdef SYS_socketcall

#include <errno.h>
#include <linux/net.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

enum { ARGUMENTS = 6 }; /* of a system call at most */

/* The call that each stands for, and the number of its arguments; the rest are 0. */
static const struct {
    long number;
    unsigned given;
} meanings[] = {
    [SYS_SOCKET] = {SYS_socket, 3},
    [SYS_BIND] = {SYS_bind, 3},
    [SYS_CONNECT] = {SYS_connect, 3},
    [SYS_LISTEN] = {SYS_listen, 2},
    [SYS_ACCEPT] = {SYS_accept4, 3},
    [SYS_GETSOCKNAME] = {SYS_getsockname, 3},
    [SYS_GETPEERNAME] = {SYS_getpeername, 3},
    [SYS_SOCKETPAIR] = {SYS_socketpair, 4},
    [SYS_SEND] = {SYS_sendto, 4},
    [SYS_RECV] = {SYS_recvfrom, 4},
    [SYS_SENDTO] = {SYS_sendto, 6},
    [SYS_RECVFROM] = {SYS_recvfrom, 6},
    [SYS_SHUTDOWN] = {SYS_shutdown, 2},
    [SYS_SETSOCKOPT] = {SYS_setsockopt, 5},
    [SYS_GETSOCKOPT] = {SYS_getsockopt, 5},
    [SYS_SENDMSG] = {SYS_sendmsg, 3},
    [SYS_RECVMSG] = {SYS_recvmsg, 3},
    [SYS_ACCEPT4] = {SYS_accept4, 4},
    [SYS_RECVMMSG] = {SYS_recvmmsg, 5},
    [SYS_SENDMMSG] = {SYS_sendmmsg, 4},
};

/* Returns as the kernel does: a result or a negative errno. */
static long make_call(size_t which, const long *given) {
    long all[ARGUMENTS] = {0};
    if (which >= sizeof(meanings) / sizeof(meanings[0]) || meanings[which].given == 0)
        return -EINVAL;
    for (size_t i = 0; i < meanings[which].given; i++)
        all[i] = given[i];
    long result = syscall(meanings[which].number, all[0], all[1], all[2], all[3], all[4], all[5]);
    return result < 0 ? -errno : result;
}

/* What the kernel has put after the registers of ucontext_t: an image as of XSAVE, and its length,
 * if the processor has that (asm/sigcontext.h, which libc's headers exclude). */
enum {
    IMAGE = sizeof(struct _libc_fpstate),
    XMM = 160,     /* the vector registers are there, */
    XMM_END = 416, /* up to here */
    MAGIC = 464,   /* tells whether there is more; */
    SIZE = 480,    /* the image's length then, */
    MORE = 576,    /* which goes on here */
    FXSR = 0,      /* the image is there at all */
    XSTATE_MAGIC = 0x46505853
};

static uint32_t word_at(const char *image, size_t place) {
    uint32_t word;
    memcpy(&word, image + place, sizeof(word));
    return word;
}

/* The vector registers may hold what was compared or copied last: a password, which would stay on
 * the stack, where the kernel has saved them. Wiping them does no harm: a function of the C
 * library, as all callers have called, need not preserve them. */
static void forget_registers(fpregset_t saved) {
    if (!saved || saved->status >> 16 != FXSR)
        return;
    char *image = (char *)saved + IMAGE;
    explicit_bzero(image + XMM, XMM_END - XMM);
    uint32_t size = word_at(image, SIZE);
    if (word_at(image, MAGIC) == XSTATE_MAGIC && size > MORE)
        explicit_bzero(image + MORE, size - MORE);
}

/* Makes the interrupted call return the result of the one it stands for. Only a system call can be
 * interrupted, so this need not be async-signal-safe. */
static void on_signal(int number, siginfo_t *info, void *context) {
    mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
    int kept = errno;
    (void)number;
    if (info->si_code <= 0 || info->si_syscall != SYS_socketcall) /* sent by another process */
        return;
    const long *given = (const long *)machine->gregs[REG_ECX]; /* NOLINT: an address */
    machine->gregs[REG_EAX] = (greg_t)make_call((size_t)machine->gregs[REG_EBX], given);
    forget_registers(machine->fpregs);
    errno = kept;
}

int socketcall_enter(void) {
    const struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

#else

int socketcall_enter(void) {
    return 0;
}

#endif
