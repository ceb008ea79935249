#include "gate/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"

enum { PIECE = 4096 /* bytes to read at once */ };

/* A line that comes in pieces. */
struct gathering {
    char text[PROGRAM_LINE + 1];
    size_t n;
};

/* A run. */
struct run {
    const struct program_setup *setup;
    pid_t pid;
    int pidfd;
    int out, err; /* our ends of its outputs, which do not block; -1: over */
    struct gathering said, complaint;
};

/* ---------------------------------------------------------------- what it says */

static void take(const struct run *run, struct gathering *line, program_line *hears) {
    if (line->n > 0)
        hears(run->setup->context, line->text);
    line->n = 0;
}

/* Adds bytes to a line; whatever is too long for it is dropped. */
static void gather(const struct run *run, struct gathering *line, const char *bytes, size_t n,
                   program_line *hears) {
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\0' && line->n < PROGRAM_LINE)
            line->text[line->n++] = bytes[i];
        line->text[line->n] = '\0';
        if (bytes[i] == '\n')
            take(run, line, hears);
    }
}

/* Reads what has come over one output, and no more than that. Ends it where there is no more. */
static void hear(const struct run *run, int *fd, struct gathering *line, program_line *hears) {
    char bytes[PIECE];
    ssize_t n = *fd < 0 ? -1 : read(*fd, bytes, sizeof(bytes));
    if (n > 0)
        gather(run, line, bytes, (size_t)n, hears);
    if (*fd < 0 || n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    (void)close(*fd);
    *fd = -1;
}

static void hear_both(struct run *run) {
    hear(run, &run->out, &run->said, run->setup->says);
    hear(run, &run->err, &run->complaint, run->setup->complains);
}

/* After its end: what is left in the pipes, which are not larger than this. (Programs that it has
 * left behind may hold them open.) */
static void hear_rest(struct run *run) {
    for (int i = 0; i < 2 * (1 << 16) / PIECE && (run->out >= 0 || run->err >= 0); i++)
        hear_both(run);
    take(run, &run->said, run->setup->says);
    take(run, &run->complaint, run->setup->complains);
    if (run->out >= 0)
        (void)close(run->out);
    if (run->err >= 0)
        (void)close(run->err);
}

/* ---------------------------------------------------------------- its beginning */

/* What its process is like. Returns 0 or an errno. */
static int arrange(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int input,
                   int out, int err) {
    sigset_t all, none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int result = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    result = result ? result : posix_spawnattr_setsigmask(attributes, &none);
    result = result ? result : posix_spawnattr_setsigdefault(attributes, &all);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    result = result ? result : posix_spawn_file_actions_addclosefrom_np(actions, 3);
    return result ? result : posix_spawn_file_actions_addchdir_np(actions, "/");
}

/* Starts it with these descriptors. Returns 0 or a negative errno. */
static int spawn(struct run *run, int out, int err) {
    const struct program_setup *setup = run->setup;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (posix_spawnattr_init(&attributes) != 0)
        return -ENOMEM;
    int result = posix_spawn_file_actions_init(&actions);
    if (result == 0) {
        result = arrange(&attributes, &actions, setup->input, out, err);
        if (result == 0)
            result = posix_spawnp(&run->pid, setup->arguments[0], &actions, &attributes,
                                  setup->arguments, setup->environment);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return -result;
}

/* Starts it, with pipes from its outputs. Returns 0 or a negative errno. */
static int start(struct run *run) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(err, O_CLOEXEC) < 0) {
        int error = -errno;
        (void)close(out[0]);
        (void)close(out[1]);
        return error;
    }
    int result = spawn(run, out[1], err[1]);
    (void)close(out[1]);
    (void)close(err[1]);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK); /* our ends alone */
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    run->out = out[0];
    run->err = err[0];
    return result;
}

/* ---------------------------------------------------------------- its end */

/* Waits for its end. Returns PROGRAM_EXITED if it has ended by itself. */
static enum program_end await(struct run *run) {
    unsigned time = run->setup->time;
    long long deadline = time ? clock_deadline(time) : 0;
    if (run->pidfd < 0)
        return PROGRAM_LOST;
    for (;;) {
        struct pollfd fds[] = {{.fd = run->setup->stop, .events = POLLIN},
                               {.fd = run->pidfd, .events = POLLIN},
                               {.fd = run->out, .events = POLLIN},
                               {.fd = run->err, .events = POLLIN}};
        int left = time ? clock_until(deadline) : -1;
        int n = left == 0 ? 0 : await_poll(fds, sizeof(fds) / sizeof(fds[0]), left);
        if (n > 0 && fds[0].revents)
            return PROGRAM_STOPPED;
        if (n > 0 && fds[1].revents)
            return PROGRAM_EXITED;
        if (n <= 0)
            return PROGRAM_TOO_LONG;
        hear_both(run);
    }
}

/* Waits for its end, or ends it with all that it has started. */
static void finish(struct run *run, struct program_result *result) {
    siginfo_t end = {0};
    result->end = await(run);
    if (result->end != PROGRAM_EXITED)
        (void)kill(-run->pid, SIGKILL); /* before it is waited for: the group is its own */
    while (waitid(P_PID, (id_t)run->pid, &end, WEXITED) < 0 && errno == EINTR) {
    }
    hear_rest(run);
    result->status = end.si_status;
    if (result->end == PROGRAM_EXITED && end.si_code != CLD_EXITED)
        result->end = PROGRAM_SIGNALLED;
}

void program_run(const struct program_setup *setup, struct program_result *ret_result) {
    struct run run = {.setup = setup, .pidfd = -1, .out = -1, .err = -1};
    int result = start(&run);
    if (result < 0) {
        hear_rest(&run);
        *ret_result = (struct program_result){PROGRAM_NOT_STARTED, -result};
        return;
    }
    run.pidfd = (int)syscall(SYS_pidfd_open, run.pid, 0);
    finish(&run, ret_result);
    (void)close(run.pidfd);
}
