#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"

enum { FIRST_LISTEN_FD = 3 }; /* sd_listen_fds(3) */

static void reset_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &action, NULL); /* EINVAL for KILL, STOP and libc's own */
    action.sa_handler = SIG_IGN;                /* both are told by errno: EPIPE, EFBIG */
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL);
}

/* Has the signals that ask us to stop come by a descriptor. They stay pending for ever, so that
 * nothing else has to remember them. Returns it, or -1 where there is none: then they kill. */
static int catch_stop(void) {
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        (void)sigemptyset(&signals);
    (void)sigprocmask(SIG_SETMASK, &signals, NULL);
    return fd;
}

/* Takes the one connection that LISTEN_FDS hands over, as fds 0 and 1. Returns 0, also when
 * there is none for us, or a negative errno. */
static int adopt_connection(const struct systemd *systemd) {
    int count = systemd->listen_fds(1);
    if (count <= 0)
        return count;
    if (count > 1)
        return -EINVAL;
    int is_connection = systemd->is_socket(FIRST_LISTEN_FD, AF_UNSPEC, SOCK_STREAM, 0);
    if (is_connection <= 0)
        return is_connection < 0 ? is_connection : -EINVAL;
    if (dup2(FIRST_LISTEN_FD, STDIN_FILENO) < 0 || dup2(FIRST_LISTEN_FD, STDOUT_FILENO) < 0)
        return -errno;
    return 0;
}

/* Does LISTEN_FDS speak to this process (sd_listen_fds(3))? */
static bool sockets_are_ours(void) {
    const char *pid = getenv("LISTEN_PID");
    return getenv("LISTEN_FDS") && pid && strtol(pid, NULL, 10) == (long)getpid();
}

/* Loads libsystemd where systemd started us, and takes the connection it hands over. */
static int load_systemd(struct start *start, bool journal) {
    bool sockets = sockets_are_ours();
    if (!sockets && !getenv("LISTEN_FDS") && !(journal && log_journal_stream()))
        return 0;
    start->systemd = systemd_load(&start->systemd_error);
    if (!sockets)
        return 0;
    /* Without the module what is on fd 0 is not the client: better to serve nobody */
    return start->systemd ? adopt_connection(start->systemd) : -ELIBACC;
}

static void close_leaked(void) {
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* a filter that knows no close_range */
    for (int fd = STDERR_FILENO + 1; fd < limit; fd++)
        (void)close(fd);
}

/* Same open connection, of a kind that a client can be behind? */
static bool same_connection(int a, int b) {
    struct stat x, y;
    if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
        return false;
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
           (S_ISSOCK(x.st_mode) || S_ISFIFO(x.st_mode));
}

static int point_at_null(int fd) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return -errno;
    int result = dup2(null, fd) < 0 ? -errno : 0;
    if (null != fd)
        (void)close(null);
    return result;
}

static int tame_stderr(struct start *start) {
    if (fcntl(STDERR_FILENO, F_GETFD) < 0)
        return point_at_null(STDERR_FILENO);
    start->stderr_is_client = same_connection(STDERR_FILENO, STDIN_FILENO) ||
                              same_connection(STDERR_FILENO, STDOUT_FILENO);
    return start->stderr_is_client ? point_at_null(STDERR_FILENO) : 0;
}

int start_tame(struct start *ret_start, bool journal) {
    struct start start = {0};
    reset_signals();
    int result = load_systemd(&start, journal);
    close_leaked();
    int streams = tame_stderr(&start);
    if (result == 0)
        result = streams;
    if (result == 0 && (fcntl(STDIN_FILENO, F_GETFD) < 0 || fcntl(STDOUT_FILENO, F_GETFD) < 0))
        result = -ENOTCONN;
    start.stop = catch_stop();
    *ret_start = start;
    return result;
}
