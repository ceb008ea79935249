/*
 * Attempts on memory that can be run, on the kernel itself, and on the limits of the process.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "intruder.h"

enum { ROOM = 4096 };

/* An attempt in one expression */
#define ATTEMPT(name, expression)                                                                  \
    static int try_##name(struct session *session, const char *argument) {                         \
        (void)session, (void)argument;                                                             \
        return TRY(expression);                                                                    \
    }

static int map(int protection, int flags, int fd) {
    return mmap(NULL, ROOM, protection, flags, fd, 0) == MAP_FAILED ? -1 : 0;
}

ATTEMPT(mmap_exec, map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1))

static int try_mprotect_exec(struct session *session, const char *argument) {
    void *page = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)session, (void)argument;
    return page == MAP_FAILED ? -errno : TRY(mprotect(page, ROOM, PROT_READ | PROT_EXEC));
}

static int try_pkey_mprotect_exec(struct session *session, const char *argument) {
    void *page = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)session, (void)argument;
    return page == MAP_FAILED
               ? -errno
               : TRY(syscall(SYS_pkey_mprotect, page, ROOM, PROT_READ | PROT_EXEC, -1));
}

static int try_memfd_exec(struct session *session, const char *argument) {
    int fd = memfd_create("code", 0);
    (void)session, (void)argument;
    if (fd < 0 || ftruncate(fd, ROOM) < 0)
        return -errno;
    return TRY(map(PROT_READ | PROT_EXEC, MAP_SHARED, fd));
}

static int try_shm_exec(struct session *session, const char *argument) {
    int id = shmget(IPC_PRIVATE, ROOM, IPC_CREAT | 0600);
    (void)session, (void)argument;
    void *page = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_EXEC); /* NOLINT */
    int result = page == (void *)-1 ? -errno : 0;                 /* NOLINT */
    if (id >= 0)
        (void)shmctl(id, IPC_RMID, NULL);
    return result;
}

/* All that is mapped to be read could be run from then on. */
ATTEMPT(personality, personality(READ_IMPLIES_EXEC))

static struct io_uring_params ring;
static union bpf_attr bpf_map = {
    .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
static struct perf_event_attr event = {
    .type = PERF_TYPE_SOFTWARE, .size = sizeof(event), .config = PERF_COUNT_SW_DUMMY};
ATTEMPT(io_uring, syscall(SYS_io_uring_setup, 1, &ring))
ATTEMPT(bpf, syscall(SYS_bpf, BPF_MAP_CREATE, &bpf_map, sizeof(bpf_map)))
ATTEMPT(perf_event, syscall(SYS_perf_event_open, &event, 0, -1, -1, 0))
ATTEMPT(userfaultfd, syscall(SYS_userfaultfd, O_CLOEXEC))
ATTEMPT(keyctl, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1))
ATTEMPT(add_key, syscall(SYS_add_key, "user", "x", "x", 1, KEY_SPEC_PROCESS_KEYRING))
ATTEMPT(inotify, inotify_init1(IN_CLOEXEC))
ATTEMPT(unshare, unshare(CLONE_NEWNS))
ATTEMPT(unshare_user, unshare(CLONE_NEWUSER))
ATTEMPT(setuid, setuid(getuid()))
ATTEMPT(setgid, setgid(getgid()))
ATTEMPT(setgroups, syscall(SYS_setgroups, 0, NULL))
ATTEMPT(dumpable, prctl(PR_SET_DUMPABLE, 1))
ATTEMPT(no_death_signal, prctl(PR_SET_PDEATHSIG, 0))
ATTEMPT(seccomp, syscall(SYS_seccomp, 3 /* SECCOMP_GET_NOTIF_SIZES */, 0, &(char[64]){0}))
ATTEMPT(setpriority, setpriority(PRIO_PROCESS, 0, 19)) /* anybody may, however nice already */
ATTEMPT(getsid, syscall(SYS_getsid, 0))
ATTEMPT(clock, syscall(SYS_clock_adjtime, 0, &(char[512]){0}))

static int try_mount(struct session *session, const char *path) {
    (void)session;
    return TRY(mount("none", path, "tmpfs", 0, NULL));
}

static int try_umount(struct session *session, const char *path) {
    (void)session;
    return TRY(umount2(path, MNT_DETACH));
}

static int try_limits(struct session *session, const char *argument) {
    struct rlimit most = {.rlim_cur = 1 << 10, .rlim_max = 1 << 10};
    (void)session, (void)argument;
    return TRY(setrlimit(RLIMIT_CORE, &most));
}

/* What it may have of memory and descriptors is limited. */
static int try_memory(struct session *session, const char *argument) {
    (void)session, (void)argument;
    void *much = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return much == MAP_FAILED ? -errno : 0;
}

/* Which is not counted with that */
static int try_memory_shared(struct session *session, const char *argument) {
    (void)session, (void)argument;
    void *much = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return much == MAP_FAILED ? -errno : 0;
}

/* By which it could write to any place of the log */
static int try_aio(struct session *session, const char *argument) {
    unsigned long queue = 0;
    (void)session, (void)argument;
    return TRY(syscall(SYS_io_setup, 1, &queue));
}

static int try_descriptors(struct session *session, const char *argument) {
    (void)session, (void)argument;
    for (int i = 0; i < 200; i++) {
        if (fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) < 0)
            return -errno;
    }
    return 0;
}

/* A byte into the terminal of somebody else; of our own, if none can be opened */
static int try_terminal(struct session *session, const char *argument) {
    int master = openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY), number, zero = 0;
    (void)session, (void)argument;
    if (master < 0)
        return TRY(ioctl(DESCRIPTOR_IN, TIOCSTI, "x"));
    char name[32];
    if (ioctl(master, TIOCSPTLCK, &zero) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
        return -errno;
    (void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
    int fd = openat(AT_FDCWD, name, O_RDWR | O_NOCTTY);
    return fd < 0 ? -errno : TRY(ioctl(fd, TIOCSTI, "x"));
}

/* System calls of other kinds of programs */
#if defined(__x86_64__)
ATTEMPT(x32, syscall(0x40000000 + SYS_getpid))

static int try_int80(struct session *session, const char *argument) {
    long result = 20; /* getpid there */
    (void)session, (void)argument;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0 ? 0 : (int)result;
}
#else
ATTEMPT(x32, (errno = ENOSYS, -1))
ATTEMPT(int80, (errno = ENOSYS, -1))
#endif

const struct attempt kernel_attempts[] = {{"mmap-exec", try_mmap_exec},
                                          {"mprotect-exec", try_mprotect_exec},
                                          {"pkey-mprotect-exec", try_pkey_mprotect_exec},
                                          {"memfd-exec", try_memfd_exec},
                                          {"shm-exec", try_shm_exec},
                                          {"personality", try_personality},
                                          {"io_uring", try_io_uring},
                                          {"bpf", try_bpf},
                                          {"perf-event", try_perf_event},
                                          {"userfaultfd", try_userfaultfd},
                                          {"keyctl", try_keyctl},
                                          {"add-key", try_add_key},
                                          {"inotify", try_inotify},
                                          {"unshare", try_unshare},
                                          {"unshare-user", try_unshare_user},
                                          {"setuid", try_setuid},
                                          {"setgid", try_setgid},
                                          {"setgroups", try_setgroups},
                                          {"dumpable", try_dumpable},
                                          {"no-death-signal", try_no_death_signal},
                                          {"seccomp", try_seccomp},
                                          {"setpriority", try_setpriority},
                                          {"getsid", try_getsid},
                                          {"clock", try_clock},
                                          {"mount", try_mount},
                                          {"umount", try_umount},
                                          {"limits", try_limits},
                                          {"memory", try_memory},
                                          {"memory-shared", try_memory_shared},
                                          {"descriptors", try_descriptors},
                                          {"aio", try_aio},
                                          {"terminal", try_terminal},
                                          {"x32", try_x32},
                                          {"int80", try_int80},
                                          {NULL, NULL}};
