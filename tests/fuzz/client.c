/*
 * Fuzzes the uploader's session: the input is what a hostile server does. Its first byte tells the
 * circumstances: whether there is TLS, and a login; whether there are retries, temporary names and
 * questions afterwards; what the server does when the input is used up, which may be to begin anew.
 * The second one is the length of the plan for TLS (see tls_standin.h), which follows; what is
 * behind that is sent on the control connection, whenever the client waits, up to a byte that
 * stands for something else (enum act).
 *
 * The session is linked as it is. What would need a network, or make it wait, is replaced (--wrap,
 * see Makefile): time is virtual, connections are socket pairs with small buffers.
 *
 * What must be true, whatever the bytes: the session ends, after a time that its parts explain; it
 * leaks no descriptor and no stream of TLS; what it prints is harmless; and a file is only called
 * stored when all of it has been sent, its end was told as such, and the server spoke after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "client/login.h"
#include "client/run.h"
#include "tls/digest.h"
#include "tls_standin.h"

/* Bytes of the input that are no bytes for the client */
enum act {
    ACT_PAUSE = 0xf8, /* what follows is sent when it waits again */
    ACT_TAKE,         /* the server takes what has been sent to it */
    ACT_DELAY,        /* some time passes */
    ACT_SILENCE,      /* all of it */
    ACT_CLOSE,        /* it closes the control connection */
    ACT_CLOSE_DATA,   /* or the data connection */
    ACT_RESET_DATA,
};

/* What the server does at the end of the input */
enum finish { CLOSES, IS_SILENT, BEGINS_ANEW, FINISHES };

enum {
    BUFFER = 4096,         /* bytes on their way; the kernel makes it more */
    LARGE = 40000,         /* bytes of a file that is more than that */
    SENT_LIMIT = 3 << 20,  /* bytes that a server which begins anew sends, before it is silent */
    ROUND = 256,           /* bytes that beginning anew counts for */
    CAPTURE_LIMIT = 65536, /* bytes of a connection that are looked at */
    TIMEOUT = 300,         /* s that the client waits */
    WAITS_LIMIT = 2000,    /* times TIMEOUT that all of it may take */
    FILES = 4,
    DATA_HOST = 0x7f000002 /* 127.0.0.2 */
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct tls_library stord_tls = STANDIN_LIBRARY;

/* The server's end of a connection. */
struct peer {
    int fd;            /* -1: there is none */
    int theirs;        /* the client's end */
    bool ended, reset; /* so did the client */
    bool would_reset;  /* the client's end would be a reset */
    bool spoke_after;  /* the server said something on the control connection after that */
    size_t got;        /* bytes of the client, the first of which are here */
    uint8_t bytes[CAPTURE_LIMIT];
};

static struct {
    char folder[64];
    char file[FILES][96];
    size_t length[FILES]; /* of them */
    uint8_t content[LARGE];
    const uint8_t *input;
    size_t size, at, sent;
    enum finish finish;
    bool tls;
    long long now; /* virtual time in ms */
    int waiting;   /* the server's end of a connection that is being made; -1: there is none */
    struct peer control, data;
} fuzz;

static void broken(const char *condition, int line) {
    (void)dprintf(STDERR_FILENO, "tests/fuzz/client.c:%d: not true: %s\n", line, condition);
    abort();
}

#define must(condition) ((condition) ? (void)0 : broken(#condition, __LINE__))

/* ---------------------------------------------------------------- what is replaced */

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_socket(int family, int type, int protocol);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret);
void __wrap_freeaddrinfo(struct addrinfo *found);
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __real_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size);
void __wrap_report_stored(enum report_style style, const struct session *session,
                          const struct job *job);
bool __wrap_secret_want_password(struct secret *secret);
bool __wrap_secret_want_account(struct secret *secret);
int __wrap_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int __wrap_fprintf(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

int __wrap_clock_gettime(clockid_t id, struct timespec *ret) {
    (void)id;
    *ret = (struct timespec){.tv_sec = fuzz.now / 1000, .tv_nsec = fuzz.now % 1000 * 1000000};
    return 0;
}

static void close_peer(struct peer *peer) {
    if (peer->fd >= 0)
        must(close(peer->fd) == 0);
    peer->fd = -1;
}

/* Takes what the client has sent. */
static void take(struct peer *peer) {
    static uint8_t block[CAPTURE_LIMIT];
    ssize_t n = 1;
    while (peer->fd >= 0 && (n = recv(peer->fd, block, sizeof(block), MSG_DONTWAIT)) > 0) {
        size_t room = peer->got < CAPTURE_LIMIT ? CAPTURE_LIMIT - peer->got : 0;
        memcpy(peer->bytes + peer->got, block, (size_t)n < room ? (size_t)n : room);
        peer->got += (size_t)n;
    }
    if (peer->fd >= 0 && n == 0)
        peer->ended = true;
    else if (peer->fd >= 0 && errno != EAGAIN)
        peer->reset = true;
}

static bool has_ended(const struct peer *peer) {
    struct pollfd p = {.fd = peer->fd, .events = POLLRDHUP};
    return peer->ended || peer->fd < 0 || (__real_poll(&p, 1, 0) > 0);
}

/* Sends bytes up to the next act. */
static void say(void) {
    size_t n = 0;
    while (fuzz.at + n < fuzz.size && fuzz.input[fuzz.at + n] < ACT_PAUSE)
        n++;
    fuzz.at += n;
    fuzz.sent += n;
    if (fuzz.control.fd < 0 || n == 0)
        return;
    (void)send(fuzz.control.fd, fuzz.input + fuzz.at - n, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    fuzz.data.spoke_after |= has_ended(&fuzz.data);
    fuzz.control.spoke_after |= has_ended(&fuzz.control);
}

/* The input is used up. Returns how much time passes: ms. */
static int say_last(int timeout) {
    if (fuzz.finish == CLOSES)
        close_peer(&fuzz.control);
    if (fuzz.finish == FINISHES) {
        take(&fuzz.control);
        take(&fuzz.data);
    }
    bool again = fuzz.finish == BEGINS_ANEW && fuzz.size > 0 && fuzz.sent < SENT_LIMIT;
    if (again)
        fuzz.at = 0;
    fuzz.sent += ROUND;
    return again ? 0 : timeout;
}

/* One act of the server. Returns how much time passes: ms. */
static int act(int timeout) {
    if (fuzz.at == fuzz.size)
        return say_last(timeout);
    switch ((enum act)fuzz.input[fuzz.at]) {
    case ACT_TAKE:
        take(&fuzz.control);
        take(&fuzz.data);
        break;
    case ACT_DELAY:
        fuzz.at++;
        return TIMEOUT * 250;
    case ACT_SILENCE:
        fuzz.at++;
        return timeout;
    case ACT_CLOSE:
        close_peer(&fuzz.control);
        break;
    case ACT_RESET_DATA: /* what nobody has read makes it one */
    case ACT_CLOSE_DATA:
        if (fuzz.input[fuzz.at] == ACT_CLOSE_DATA)
            take(&fuzz.data);
        close_peer(&fuzz.data);
        break;
    default:
        fuzz.at += fuzz.input[fuzz.at] >= ACT_PAUSE;
        say();
        return 0;
    }
    fuzz.at++;
    return 0;
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
    must(timeout >= 0 && (fds || n == 0));
    long long left = timeout;
    int ready = __real_poll(fds, n, 0);
    while (ready == 0 && left > 0) {
        int passes = act((int)left);
        fuzz.now += passes < left ? passes : left;
        left -= passes;
        ready = __real_poll(fds, n, 0);
    }
    must(fuzz.now < (long long)WAITS_LIMIT * TIMEOUT * 1000);
    return ready;
}

/* The client's end; the server's waits for connect(). */
int __wrap_socket(int family, int type, int protocol) {
    int pair[2], size = BUFFER;
    (void)protocol;
    must(family == AF_INET && fuzz.waiting < 0 && socketpair(AF_UNIX, type, 0, pair) == 0);
    must(__real_setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
    fuzz.waiting = pair[1];
    return pair[0];
}

/* Some ports do not answer. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    bool is_data = ntohl(in->sin_addr.s_addr) == DATA_HOST;
    struct peer *peer = is_data ? &fuzz.data : &fuzz.control;
    must(length >= sizeof(*in));
    close_peer(peer);
    memset(peer, 0, offsetof(struct peer, bytes));
    peer->theirs = fd;
    peer->fd = fuzz.waiting;
    fuzz.waiting = -1;
    if (!is_data || ntohs(in->sin_port) % 8 != 7)
        return 0;
    close_peer(peer);
    errno = ECONNREFUSED;
    return -1;
}

static void set_address(struct sockaddr_in *in, uint32_t host) {
    *in = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(21), .sin_addr.s_addr = htonl(host)};
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret) {
    static struct sockaddr_in in;
    static struct addrinfo one = {.ai_family = AF_INET,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_addr = (struct sockaddr *)&in,
                                  .ai_addrlen = sizeof(in)};
    (void)host;
    (void)port;
    (void)hints;
    set_address(&in, INADDR_LOOPBACK);
    *ret = &one;
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *found) {
    (void)found;
}

/* Tells data connections from control connections. */
int __wrap_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
    must(fd == fuzz.control.theirs && *length >= sizeof(struct sockaddr_in));
    set_address((struct sockaddr_in *)(void *)address, DATA_HOST);
    *length = sizeof(struct sockaddr_in);
    return 0;
}

/* The one whose client's end that is. */
static struct peer *peer_of(int fd) {
    struct peer *peer = fd == fuzz.control.theirs ? &fuzz.control : &fuzz.data;
    must(fd == peer->theirs);
    return peer;
}

/* Socket pairs know no resets: what the client has asked for last is noted. */
int __wrap_setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
    if (level != SOL_SOCKET || option != SO_LINGER)
        return 0;
    must(size == sizeof(struct linger));
    peer_of(fd)->would_reset = ((const struct linger *)value)->l_onoff;
    return 0;
}

int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    must(level == SOL_SOCKET && option == SO_LINGER && *size == sizeof(struct linger));
    *(struct linger *)value = (struct linger){.l_onoff = peer_of(fd)->would_reset};
    return 0;
}

/* One line of UTF-8, in which nothing does anything at a terminal. */
static void check_line(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

static void check_line(const char *format, va_list arguments) {
    char line[8192];
    int n = vsnprintf(line, sizeof(line), format, arguments);
    must(n > 0 && (size_t)n < sizeof(line) && line[n - 1] == '\n');
    must(strlen(line) == (size_t)n && escape_is_utf8(line));
    for (const unsigned char *c = (const unsigned char *)line; c[1]; c++)
        must((*c >= 0x20 || *c == '\t') && *c != 0x7f && (*c != 0xc2 || c[1] >= 0xa0));
}

int __wrap_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    check_line(format, arguments);
    va_end(arguments);
    return 0;
}

int __wrap_fprintf(FILE *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (strcmp(format, "%s: %s\n") == 0)
        check_line(format, arguments);
    else
        (void)vfprintf(to, format, arguments); /* somebody has found a fault */
    va_end(arguments);
    return 0;
}

/* ---------------------------------------------------------------- what was stored */

/* All of it, and its end, went over the data connection, and a reply came after that. */
static void check_data(size_t length) {
    take(&fuzz.data);
    must(fuzz.data.got == length && memcmp(fuzz.data.bytes, fuzz.content, length) == 0);
    must(fuzz.data.spoke_after && !fuzz.data.would_reset);
    must(!fuzz.tls || standin.told_end);
}

/* All of it went over the control connection, behind its STOR. */
static void check_inline(const struct session *session, const char *name, size_t length) {
    static uint8_t wanted[128 + LARGE];
    take(&fuzz.control);
    size_t n = (size_t)snprintf((char *)wanted, 128, "STOR %s\r\n", name);
    memcpy(wanted + n, fuzz.content, length);
    must(fuzz.control.got <= CAPTURE_LIMIT);
    must(memmem(fuzz.control.bytes, fuzz.control.got, wanted, n + length) != NULL);
    must(session->way == WAY_ALLO || (fuzz.control.spoke_after && !fuzz.control.would_reset));
}

static const struct session *current;
static size_t stored; /* jobs that were called so */

/* Only what was really sent may be called stored. */
void __wrap_report_stored(enum report_style style, const struct session *session,
                          const struct job *job) {
    (void)style;
    int i = 0;
    while (i < FILES && strcmp(job->source, fuzz.file[i]) != 0)
        i++;
    must(i < FILES && job->state == JOB_DONE && current == session);
    must(strncmp(job->reply, "226", 3) == 0 || strncmp(job->reply, "250", 3) == 0);
    stored++;
    if (session->way == WAY_EPSV || session->way == WAY_PASV)
        check_data(fuzz.length[i]);
    else
        check_inline(session, job->target, fuzz.length[i]);
}

/* Nobody is at a terminal. */
bool __wrap_secret_want_password(struct secret *secret) {
    return secret->has_password;
}

bool __wrap_secret_want_account(struct secret *secret) {
    return secret->has_account;
}

/* In place of OpenSSL's */
size_t digest_digits(const char *name) {
    return *name ? 8 : 0;
}

bool digest_file(const char *name, int fd, off_t bytes, char *ret) {
    (void)name;
    must(fd >= 0 && bytes >= 0);
    (void)strcpy(ret, "00000000");
    return true;
}

/* ---------------------------------------------------------------- one session */

static uint64_t open_descriptors(void) {
    uint64_t open = 0;
    for (int fd = 0; fd < 64; fd++)
        open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
    return open;
}

static void make_file(int i, const char *name, size_t length) {
    (void)snprintf(fuzz.file[i], sizeof(fuzz.file[i]), "%s/%s", fuzz.folder, name);
    int fd = open(fuzz.file[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, fuzz.content, length) == (ssize_t)length && close(fd) == 0);
    fuzz.length[i] = length;
}

static void remove_all(void) {
    for (int i = 0; i < FILES; i++)
        (void)unlink(fuzz.file[i]);
    (void)rmdir(fuzz.folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(fuzz.folder, sizeof(fuzz.folder), "%s/stord-fuzz.XXXXXX",
                   temporary ? temporary : "/tmp");
    must(mkdtemp(fuzz.folder) != NULL && atexit(remove_all) == 0);
    for (size_t i = 0; i < LARGE; i++)
        fuzz.content[i] = (uint8_t)(i * 7 + i / 251);
    make_file(0, "some", 3000);
    make_file(1, "none", 0);
    make_file(2, "many", LARGE);
    make_file(3, "\x9bone", 1);
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    return 0;
}

/* Sends all files. all: with everything that can be asked for. */
static void do_all(struct session *session, bool all) {
    static struct job jobs[FILES];
    struct plan plan = {.jobs = jobs, .count = FILES, .files = FILES};
    struct options options = {.retry = all ? 1 : 0, .verify = all ? "hash" : NULL, .times = all};
    current = session;
    stored = 0;
    for (int i = 0; i < FILES; i++)
        jobs[i] = (struct job){.kind = JOB_FILE,
                               .source = fuzz.file[i],
                               .target = strrchr(fuzz.file[i], '/') + 1,
                               .bytes = (off_t)fuzz.length[i],
                               .before = JOB_NOT_ASKED,
                               .may_lack_size = fuzz.length[i] == 0};
    run_all(session, &plan, &options, REPORT_NOTHING);
    for (int i = 0; i < FILES; i++)
        must(jobs[i].state == JOB_DONE || jobs[i].state == JOB_FAILED);
    must((plan.status == 0) == (stored == FILES));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct session session;
    if (size < 2 || size - 2 < data[1])
        return 0;
    uint8_t way = data[0];
    standin_reset(data + 2, data[1]);
    fuzz.input = data + 2 + data[1];
    fuzz.size = size - 2 - data[1];
    fuzz.at = fuzz.sent = 0;
    fuzz.finish = (enum finish)(way & 3);
    fuzz.tls = way & 12;
    fuzz.now = 1000000;
    fuzz.control.fd = fuzz.data.fd = fuzz.waiting = -1;
    uint64_t before = open_descriptors();
    session = (struct session){.control = {.conn.in = -1, .timeout = TIMEOUT, .verbose = way & 32},
                               .server = {.host = "host",
                                          .port = "21",
                                          .security = way & 4   ? SECURITY_EXPLICIT
                                                      : way & 8 ? SECURITY_IMPLICIT
                                                                : SECURITY_NONE},
                               .server_name = "host:21",
                               .link = {.host = "host", .port = "21", .rules.timeout = 30},
                               .folder = way & 128 ? "folder" : "",
                               .make_folder = true,
                               .context = fuzz.tls ? &standin_context : NULL,
                               .secret = {.has_password = way & 64}};
    (void)strcpy(session.secret.user, way & 16 ? "user" : "");
    (void)strcpy(session.secret.password, "secret");
    do_all(&session, way & 128);
    close_peer(&fuzz.control);
    close_peer(&fuzz.data);
    must(standin_open() == 0 && open_descriptors() == before);
    return 0;
}
