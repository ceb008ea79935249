#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "base/stop.h"
#include "log/log.h"

enum {
    FIRST_LISTEN_FD = 3, /* sd_listen_fds(3) */
    KEEP_IDLE = 60,      /* s without a byte until the client is probed, */
    KEEP_INTERVAL = 15,  /* s until the next probe, */
    KEEP_PROBES = 4,     /* and how many; as in units/stord.socket */
    KERNEL_IDLE = 7200   /* s, the kernel's default (tcp(7)) */
};

/* What a super-server ignores stays ignored. That must not be so for the signals that ask us to
 * stop, nor for that of the helper's end, without which nobody could wait for it. */
static const struct {
    int number;
    void (*action)(int);
} signals_wanted[] = {
    {SIGHUP, SIG_DFL},  {SIGINT, SIG_DFL},  {SIGQUIT, SIG_DFL}, {SIGTERM, SIG_DFL},
    {SIGCHLD, SIG_DFL}, {SIGPIPE, SIG_IGN}, {SIGXFSZ, SIG_IGN}, /* errno tells: EPIPE, EFBIG */
};

static void set_signals(void) {
    for (size_t i = 0; i < sizeof(signals_wanted) / sizeof(signals_wanted[0]); i++) {
        const struct sigaction action = {.sa_handler = signals_wanted[i].action};
        (void)sigaction(signals_wanted[i].number, &action, NULL);
    }
}

/* Takes the one connection that LISTEN_FDS hands over. Returns 0, also if there is none for us, or
 * a negative errno. */
static int adopt_connection(struct start *start) {
    int count = start->systemd->listen_fds(1);
    if (count <= 0)
        return count;
    if (count > 1)
        return -EINVAL;
    int is_connection = start->systemd->is_socket(FIRST_LISTEN_FD, AF_UNSPEC, SOCK_STREAM, 0);
    if (is_connection <= 0)
        return is_connection < 0 ? is_connection : -EINVAL;
    start->in = start->out = FIRST_LISTEN_FD;
    return 0;
}

/* Is LISTEN_FDS meant for this process (sd_listen_fds(3))? */
static bool sockets_are_ours(void) {
    const char *pid = getenv("LISTEN_PID");
    return getenv("LISTEN_FDS") && pid && strtol(pid, NULL, 10) == (long)getpid();
}

/* Loads libsystemd if systemd started us, and takes the connection it hands over. */
static int load_systemd(struct start *start, bool journal) {
    bool sockets = sockets_are_ours();
    if (!sockets && !getenv("LISTEN_FDS") && !journal)
        return 0;
    start->systemd = systemd_load(&start->systemd_error);
    if (!sockets)
        return 0;
    /* fd 0 is not the client then: without the module do not serve */
    return start->systemd ? adopt_connection(start) : -ELIBACC;
}

static void close_leaked(void) {
    if (syscall(SYS_close_range, DESCRIPTOR_OTHERS, ~0U, 0) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* a filter or kernel without close_range */
    for (int fd = DESCRIPTOR_OTHERS; fd < limit; fd++)
        (void)close(fd);
}

/* Are both the same connection, of a kind that can lead to a client? */
static bool same_connection(int a, int b) {
    struct stat x, y;
    if (fstat(a, &x) < 0 || fstat(b, &y) < 0)
        return false;
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
           (S_ISSOCK(x.st_mode) || S_ISFIFO(x.st_mode));
}

/* Is it a network connection? That is no place for a log. */
static bool is_network(int fd) {
    int domain = AF_UNIX;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

/* Would the client read what is written to fd 2? */
static bool stderr_is_client(const struct start *start) {
    return is_network(STDERR_FILENO) || same_connection(STDERR_FILENO, start->in) ||
           same_connection(STDERR_FILENO, start->out) ||
           (getenv("LISTEN_FDS") && same_connection(STDERR_FILENO, FIRST_LISTEN_FD));
}

/* Can it lead to a client? */
static bool is_connection(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode));
}

void start_look(struct start *ret_start) {
    bool handed = sockets_are_ours();
    struct start start = {.in = handed ? FIRST_LISTEN_FD : STDIN_FILENO,
                          .out = handed ? FIRST_LISTEN_FD : STDOUT_FILENO};
    start.stderr_is_client = stderr_is_client(&start);
    if (!is_connection(start.in) || !is_connection(start.out))
        start.in = start.out = -1;
    *ret_start = start;
}

/* Duplicates fd above the fixed descriptors. -1: fd is not open. */
static int copy_of(int fd) {
    return fcntl(fd, F_DUPFD_CLOEXEC, DESCRIPTOR_OTHERS);
}

static int put_at(int from, int to) {
    return dup2(from, to) < 0 ? -errno : 0;
}

/* Opens /dev/null, or in a container that has none, a socket whose other end is closed. Returns a
 * descriptor or a negative errno. */
static int open_nowhere(void) {
    int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0)
        return null;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    (void)close(ends[1]);
    return ends[0];
}

/* Points fd 0 to nothing, fds 1 and 2 to the log, or to nothing. */
static int point_away(struct start *start) {
    bool is_open = fcntl(STDERR_FILENO, F_GETFD) >= 0;
    int null = open_nowhere();
    if (null < 0) { /* better closed than the client's */
        (void)close(STDIN_FILENO);
        (void)close(STDOUT_FILENO);
        if (start->stderr_is_client)
            (void)close(STDERR_FILENO);
        return null;
    }
    int result = put_at(null, STDIN_FILENO);
    if (result == 0 && (!is_open || start->stderr_is_client))
        result = put_at(null, STDERR_FILENO);
    if (result == 0)
        result = put_at(STDERR_FILENO, STDOUT_FILENO);
    if (null > STDERR_FILENO)
        (void)close(null);
    return result;
}

void start_shield(struct start *ret_start) {
    struct start start = {.in = copy_of(STDIN_FILENO),
                          .out = copy_of(STDOUT_FILENO),
                          .saved = copy_of(STDERR_FILENO),
                          .stop = -1};
    start.is_network = is_network(STDIN_FILENO) || is_network(STDOUT_FILENO);
    start.stderr_is_client = stderr_is_client(&start);
    start.error = point_away(&start);
    /* Not buffered: abort(3) would lose what a library prints, and stdio would ask whether fd 1 is
     * a terminal, by a call that sessions may not make */
    (void)setvbuf(stdout, NULL, _IONBF, 0);
    *ret_start = start;
}

bool start_is_socket(const struct start *start) {
    struct stat st;
    return fstat(start->in, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void put_back(int from, int to) {
    (void)(from < 0 ? close(to) : put_at(from, to));
}

void start_unshield(const struct start *start) {
    static char buffer[BUFSIZ]; /* stdout refers to it until the end */
    (void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    put_back(start->in, STDIN_FILENO);
    put_back(start->out, STDOUT_FILENO);
    put_back(start->saved, STDERR_FILENO);
}

/* Routers forget an idle connection: the control connection during an upload of hours. What the
 * super-server has chosen stays, except the kernel's default of two hours, which is longer than
 * most routers remember. Fails harmlessly on what is not a TCP socket. */
static void keep_alive(int fd) {
    const int on = 1, idle = KEEP_IDLE, interval = KEEP_INTERVAL, probes = KEEP_PROBES;
    int chosen = 0;
    socklen_t size = sizeof(chosen);
    if (getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &chosen, &size) < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    if (chosen < KERNEL_IDLE)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* Moves the client to DESCRIPTOR_IN and DESCRIPTOR_OUT. Returns 0, or a negative errno: -ENOTCONN
 * without a client. */
static int place_client(struct start *start) {
    if (start->in < 0 || start->out < 0) {
        (void)close(DESCRIPTOR_IN); /* whatever they are, they are not a client */
        (void)close(DESCRIPTOR_OUT);
        return -ENOTCONN;
    }
    /* start->in is that of LISTEN_FDS, at its place, or above the fixed descriptors */
    bool placed = (start->in == DESCRIPTOR_IN || dup3(start->in, DESCRIPTOR_IN, O_CLOEXEC) >= 0) &&
                  dup3(start->out, DESCRIPTOR_OUT, O_CLOEXEC) >= 0;
    int error = -errno;
    start->in = DESCRIPTOR_IN;
    start->out = DESCRIPTOR_OUT;
    keep_alive(DESCRIPTOR_IN);
    return placed ? 0 : error;
}

int start_tame(struct start *start, bool journal) {
    set_signals();
    int result = load_systemd(start, journal);
    int placed = place_client(start);
    close_leaked();
    if (result == 0)
        result = start->error ? start->error : placed;
    start->stop = stop_catch();
    return result;
}
