#include "gate/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "log/log.h"

enum {
    PIECE = 4096,     /* bytes to read at once */
    LINE_MOST = 1024, /* bytes of a line on standard error that are logged */
    LINES_MOST = 100  /* lines of one run that are */
};

/* Exit statuses of the program */
enum { STATUS_OPEN = 0, STATUS_CLOSED = 1, STATUS_LATER = 75 };

/* A line that comes in pieces. */
struct gathering {
    char text[LINE_MOST + 1];
    size_t n;
};

/* A run. */
struct errand {
    const struct gate_setup *setup;
    struct gate_answer *answer;
    pid_t pid;
    int pidfd;
    int out, err; /* our ends of its outputs, which do not block; -1: over */
    struct gathering said, complaint;
    unsigned lines; /* that have been logged */
};

/* ---------------------------------------------------------------- what it says */

/* The last line that says something goes to the client. */
static void take_said(struct errand *errand) {
    if (errand->said.n > 0)
        (void)snprintf(errand->answer->said, sizeof(errand->answer->said), "%.*s", GATE_SAID,
                       errand->said.text);
}

static void take_complaint(struct errand *errand) {
    const struct log *log = errand->setup->log;
    if (errand->complaint.n > 0 && errand->lines < LINES_MOST)
        log_event(log, EVENT_GATE_SAYS, "Gate: %s", errand->complaint.text);
    else if (errand->complaint.n > 0 && errand->lines == LINES_MOST)
        log_event(log, EVENT_GATE_SAYS, "Gate: it says more than %d lines", LINES_MOST);
    errand->lines += errand->complaint.n > 0;
}

/* Adds bytes to a line; whatever is too long for it is dropped. */
static void gather(struct errand *errand, struct gathering *line, const char *bytes, size_t n,
                   void (*take)(struct errand *)) {
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\0' && line->n < LINE_MOST)
            line->text[line->n++] = bytes[i];
        line->text[line->n] = '\0';
        if (bytes[i] != '\n')
            continue;
        take(errand);
        line->n = 0;
    }
}

/* Reads what has come over one output, and no more than that. Ends it where there is no more. */
static void hear(struct errand *errand, int *fd, struct gathering *line,
                 void (*take)(struct errand *)) {
    char bytes[PIECE];
    ssize_t n = *fd < 0 ? -1 : read(*fd, bytes, sizeof(bytes));
    if (n > 0)
        gather(errand, line, bytes, (size_t)n, take);
    if (*fd < 0 || n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    (void)close(*fd);
    *fd = -1;
}

static void hear_both(struct errand *errand) {
    hear(errand, &errand->out, &errand->said, take_said);
    hear(errand, &errand->err, &errand->complaint, take_complaint);
}

/* After its end: what is left in the pipes, which are not larger than this. (Programs that it has
 * left behind may hold them open.) */
static void hear_rest(struct errand *errand) {
    for (int i = 0; i < 2 * (1 << 16) / PIECE && (errand->out >= 0 || errand->err >= 0); i++)
        hear_both(errand);
    take_said(errand);
    take_complaint(errand);
    if (errand->out >= 0)
        (void)close(errand->out);
    if (errand->err >= 0)
        (void)close(errand->err);
}

/* ---------------------------------------------------------------- its beginning */

/* Opens the file once more: to be read, from the beginning. Returns a descriptor or a negative
 * errno. */
static int open_to_read(int file) {
    char self[64];
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", file);
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* What its process is like. Returns 0 or an errno. */
static int arrange(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions, int file,
                   int out, int err) {
    sigset_t all, none;
    (void)sigfillset(&all);
    (void)sigemptyset(&none);
    int result = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    result = result ? result : posix_spawnattr_setsigmask(attributes, &none);
    result = result ? result : posix_spawnattr_setsigdefault(attributes, &all);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, file, STDIN_FILENO);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    result = result ? result : posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
    result = result ? result : posix_spawn_file_actions_addclosefrom_np(actions, 3);
    return result ? result : posix_spawn_file_actions_addchdir_np(actions, "/");
}

/* Starts it with these descriptors. Returns 0 or a negative errno. */
static int spawn(struct errand *errand, int file, int out, int err, char *const *environment) {
    const char *program = errand->setup->program;
    char *const arguments[] = {(char *)program, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    if (posix_spawnattr_init(&attributes) != 0)
        return -ENOMEM;
    int result = posix_spawn_file_actions_init(&actions);
    if (result == 0) {
        result = arrange(&attributes, &actions, file, out, err);
        if (result == 0)
            result =
                posix_spawn(&errand->pid, program, &actions, &attributes, arguments, environment);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)posix_spawnattr_destroy(&attributes);
    return -result;
}

/* Starts it, with pipes from its outputs. Returns 0 or a negative errno. */
static int start(struct errand *errand, int file, char *const *environment) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(err, O_CLOEXEC) < 0) {
        int error = -errno;
        (void)close(out[0]);
        (void)close(out[1]);
        return error;
    }
    int result = spawn(errand, file, out[1], err[1], environment);
    (void)close(out[1]);
    (void)close(err[1]);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK); /* our ends alone */
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    errand->out = out[0];
    errand->err = err[0];
    return result;
}

/* ---------------------------------------------------------------- its end */

static void explain(struct errand *errand, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void explain(struct errand *errand, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(errand->answer->said, sizeof(errand->answer->said), format, arguments);
    va_end(arguments);
}

/* Waits for its end. Returns whether it ended by itself; else why not is the outcome. */
static bool await(struct errand *errand, int session) {
    long long deadline = errand->pidfd < 0 ? 0 : clock_deadline(errand->setup->time);
    for (;;) {
        struct pollfd fds[] = {{.fd = session, .events = POLLIN},
                               {.fd = errand->pidfd, .events = POLLIN},
                               {.fd = errand->out, .events = POLLIN},
                               {.fd = errand->err, .events = POLLIN}};
        long long left = deadline - clock_ms();
        int n = left <= 0 ? 0 : await_poll(fds, sizeof(fds) / sizeof(fds[0]), (int)left);
        if (n > 0 && fds[0].revents)
            errand->answer->outcome = GATE_CALLED_OFF;
        else if (n > 0 && fds[1].revents)
            return true;
        if (n <= 0 || fds[0].revents)
            return false;
        hear_both(errand);
    }
}

/* What its end means. */
static void judge(struct errand *errand, const siginfo_t *end) {
    struct gate_answer *answer = errand->answer;
    answer->outcome = GATE_BROKEN;
    if (end->si_code != CLD_EXITED)
        explain(errand, "signal %d ended it", end->si_status);
    else if (end->si_status == STATUS_OPEN)
        answer->outcome = GATE_OPEN;
    else if (end->si_status == STATUS_CLOSED)
        answer->outcome = GATE_CLOSED;
    else if (end->si_status == STATUS_LATER)
        answer->outcome = GATE_LATER;
    else
        explain(errand, "its exit status was %d", end->si_status);
}

/* Waits for its end, or ends it with all that it has started. */
static void finish(struct errand *errand, int session) {
    siginfo_t end = {0};
    bool ended = await(errand, session);
    if (!ended)
        (void)kill(-errand->pid, SIGKILL); /* before it is waited for: the group is its own */
    while (waitid(P_PID, (id_t)errand->pid, &end, WEXITED) < 0 && errno == EINTR) {
    }
    hear_rest(errand);
    if (ended)
        judge(errand, &end);
    else if (errand->pidfd < 0)
        explain(errand, "it cannot be waited for");
    else if (errand->answer->outcome != GATE_CALLED_OFF)
        explain(errand, "it took longer than %u s", errand->setup->time);
}

void errand_run(const struct gate_setup *setup, int session, int file, char *const *environment,
                struct gate_answer *answer) {
    struct errand errand = {.setup = setup, .answer = answer, .pidfd = -1, .out = -1, .err = -1};
    int input = open_to_read(file);
    int result = input < 0 ? input : start(&errand, input, environment);
    if (input >= 0)
        (void)close(input);
    answer->outcome = GATE_BROKEN;
    if (result < 0) {
        hear_rest(&errand);
        explain(&errand, "it cannot be started: %s", strerror(-result));
        return;
    }
    errand.pidfd = (int)syscall(SYS_pidfd_open, errand.pid, 0);
    finish(&errand, session);
    (void)close(errand.pidfd);
}
