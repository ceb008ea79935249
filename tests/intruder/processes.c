/*
 * Attempts on processes: to become another program or more than one, and to get at others. An
 * argument is the id of a process that belongs to the same user.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "intruder.h"
#include "session/session.h"

/* What is run answers for us. */
static char *const script[] = {"sh", "-c", "printf '200 it worked\\r\\n' >&4", NULL};
static char *const nothing[] = {NULL};

/* The client's descriptor (DESCRIPTOR_OUT), which no program that is run would have */
static void keep_client(void) {
    (void)fcntl(DESCRIPTOR_OUT, F_SETFD, 0);
}

static int try_execve(struct session *session, const char *argument) {
    (void)session, (void)argument;
    keep_client();
    return TRY(execve("/bin/sh", script, nothing));
}

static int try_execveat(struct session *session, const char *argument) {
    (void)session, (void)argument;
    keep_client();
    return TRY(syscall(SYS_execveat, AT_FDCWD, "/bin/sh", script, nothing, 0));
}

/* From memory, where no file can be opened */
static int try_execveat_memory(struct session *session, const char *argument) {
    static const char text[] = "#!/bin/sh\nprintf '200 it worked\\r\\n' >&4\n";
    (void)session, (void)argument;
    int fd = memfd_create("program", 0);
    if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0)
        return -errno;
    keep_client();
    return TRY(syscall(SYS_execveat, fd, "", script, nothing, AT_EMPTY_PATH));
}

/* The parent's side; the child ends at once. */
static int forked(long pid) {
    if (pid == 0)
        _exit(0);
    return pid < 0 ? -errno : TRY(waitpid((pid_t)pid, NULL, __WALL));
}

static int try_fork(struct session *session, const char *argument) {
    (void)session, (void)argument;
#ifdef SYS_fork
    return forked(syscall(SYS_fork));
#else
    return -ENOSYS;
#endif
}

static int try_vfork(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return forked(vfork()); /* NOLINT */
}

static int try_clone(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return forked(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int try_clone3(struct session *session, const char *argument) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    (void)session, (void)argument;
    return forked(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

static void *end_at_once(void *context) {
    return context;
}

static int try_thread(struct session *session, const char *argument) {
    pthread_t thread;
    (void)session, (void)argument;
    int error = pthread_create(&thread, NULL, end_at_once, NULL);
    return error ? -error : -pthread_join(thread, NULL);
}

static int try_ptrace(struct session *session, const char *pid) {
    (void)session;
    return TRY(ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL));
}

static int try_traceme(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return TRY(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

/* Nothing that we know the address of is there: being told so is as good as having written. */
static int peek(int number, const char *pid) {
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {(void *)1, 1}; /* NOLINT */
    long n = syscall(number, atoi(pid), &here, 1, &there, 1, 0);
    return n < 0 && errno != EFAULT ? -errno : 0;
}

static int try_vm_write(struct session *session, const char *pid) {
    (void)session;
    return peek(SYS_process_vm_writev, pid);
}

static int try_vm_read(struct session *session, const char *pid) {
    (void)session;
    return peek(SYS_process_vm_readv, pid);
}

static int try_kill(struct session *session, const char *pid) {
    (void)session;
    return TRY(kill(atoi(pid), SIGCONT));
}

static int try_kill_hard(struct session *session, const char *pid) {
    (void)session;
    return TRY(kill(atoi(pid), SIGKILL));
}

static int try_kill_parent(struct session *session, const char *argument) {
    (void)session, (void)argument;
    return TRY(kill(intruder_parent, SIGCONT));
}

static int try_tgkill(struct session *session, const char *pid) {
    (void)session;
    return TRY(syscall(SYS_tgkill, atoi(pid), atoi(pid), SIGABRT));
}

static int try_tkill(struct session *session, const char *pid) {
    (void)session;
    return TRY(syscall(SYS_tkill, atoi(pid), SIGCONT));
}

static int try_sigqueue(struct session *session, const char *pid) {
    (void)session;
    return TRY(sigqueue(atoi(pid), SIGCONT, (union sigval){0}));
}

/* Data that comes would send the signal. */
static int try_signal_owner(struct session *session, const char *pid) {
    (void)session;
    return TRY(fcntl(DESCRIPTOR_IN, F_SETOWN, atoi(pid)));
}

static int try_pidfd(struct session *session, const char *pid) {
    (void)session;
    return TRY(syscall(SYS_pidfd_open, atoi(pid), 0));
}

/* A question to the credential helper of which every byte is the argument. Has it an answer? */
static int try_question(struct session *session, const char *argument) {
    char bytes[1 << 16];
    memset(bytes, atoi(argument), sizeof(bytes));
    if (send(session->who.helper.fd, bytes, sizeof(bytes), MSG_NOSIGNAL) < 0)
        return -errno;
    return recv(session->who.helper.fd, bytes, 1, 0) == 1 ? 0 : -EPIPE;
}

/* Which names are there in the root folder, by the descriptor that leads there */
static int try_list_top(struct session *session, const char *argument) {
    char names[4096];
    (void)argument;
    return TRY(syscall(SYS_getdents64, session->who.top.fd, names, sizeof(names)));
}

const struct attempt process_attempts[] = {{"question", try_question},
                                           {"list-top", try_list_top},
                                           {"execve", try_execve},
                                           {"execveat", try_execveat},
                                           {"execveat-memory", try_execveat_memory},
                                           {"fork", try_fork},
                                           {"vfork", try_vfork},
                                           {"clone", try_clone},
                                           {"clone3", try_clone3},
                                           {"thread", try_thread},
                                           {"ptrace", try_ptrace},
                                           {"traceme", try_traceme},
                                           {"vm-write", try_vm_write},
                                           {"vm-read", try_vm_read},
                                           {"kill", try_kill},
                                           {"kill-hard", try_kill_hard},
                                           {"kill-parent", try_kill_parent},
                                           {"tgkill", try_tgkill},
                                           {"tkill", try_tkill},
                                           {"sigqueue", try_sigqueue},
                                           {"signal-owner", try_signal_owner},
                                           {"pidfd", try_pidfd},
                                           {NULL, NULL}};
