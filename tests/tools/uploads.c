/*
 * uploads PORT HOW ...: a client that is faster than the servers on 127.0.0.1 that tests/bench
 * measures with it. Each reply has the code that it must have, or the client says what came instead
 * and fails. HOW is one of
 *
 *   files N epsv|allo|inline   one session stores N files; allo: announced as well; inline:
 * announced, on the control connection, all of them pipelined sessions N AT-ONCE WAY     N sessions
 * that store a file each, that many at a time greetings N                N sessions, one after the
 * other, that quit idle N                     N sessions that have logged in, until standard input
 * ends bulk MIB                   one session stores one file of that length
 *
 * The user is anonymous, or UPLOADS_USER in the environment. It prints the seconds from the first
 * command to the last reply; greetings prints the median of the seconds from connect to 220, bulk
 * those from STOR to 226, and idle a line when all are there. Files are stored in the
 * folder in. A file has 4096 bytes, 'x' and its
 * number in turn, and the name fNUMBER; bulk's is f0.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { size = 4096, pattern = 16 << 20, seconds_at_most = 60 };
enum way { EPSV, ALLO, INLINE };

struct session {
    int fd;
    char input[8192];
    size_t from, to;
};

static const char *const ways[] = {"epsv", "allo", "inline"};
static in_port_t port;
static const char *user = "anonymous";

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void send_all(int fd, const char *bytes, size_t left) {
    while (left > 0) {
        ssize_t sent = send(fd, bytes, left, MSG_NOSIGNAL);
        if (sent < 0)
            err(1, "the server takes no more");
        bytes += sent;
        left -= (size_t)sent;
    }
}

/* To that port of 127.0.0.1. A server that says nothing for a minute has failed. */
static int dial(in_port_t to) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    const struct timeval limit = {.tv_sec = seconds_at_most};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        err(1, "cannot connect to port %u", to);
    return fd;
}

/* The next line; valid until the next call. */
static char *next_line(struct session *session) {
    char *end;
    while ((end = memchr(session->input + session->from, '\n', session->to - session->from)) ==
           NULL) {
        session->to -= session->from;
        memmove(session->input, session->input + session->from, session->to);
        session->from = 0;
        ssize_t got =
            recv(session->fd, session->input + session->to, sizeof session->input - session->to, 0);
        if (got <= 0)
            errx(1, "the server is gone: %s", got < 0 ? strerror(errno) : "end of connection");
        session->to += (size_t)got;
    }
    char *line = session->input + session->from;
    session->from = (size_t)(end + 1 - session->input);
    *end = '\0';
    return line;
}

/* The last line of the next reply, which has one of the codes; each is a word of three digits. */
static char *expect(struct session *session, const char *codes) {
    char code[4] = "";
    char *line = next_line(session);
    if (strlen(line) >= 4 && line[3] == '-') {
        memcpy(code, line, 3);
        while (strncmp(line, code, 3) != 0 || line[3] != ' ')
            line = next_line(session);
    }
    memcpy(code, line, strnlen(line, 3));
    if (strlen(code) != 3 || strstr(codes, code) == NULL)
        errx(1, "%s was expected, and this came: %s", codes, line);
    return line;
}

static char *ask(struct session *session, const char *line, const char *codes) {
    send_all(session->fd, line, strlen(line));
    return expect(session, codes);
}

/* The name's number makes the contents: whole files do not look like each other. */
static void make_bytes(char *bytes, long number) {
    char mark[16];
    int length = snprintf(mark, sizeof mark, "x%ld", number);
    for (int i = 0; i < size; i++)
        bytes[i] = mark[i % length];
}

static void greet(struct session *session) {
    session->fd = dial(port);
    session->from = session->to = 0;
    (void)expect(session, "220");
}

static void login(struct session *session) {
    greet(session);
    char line[64];
    (void)snprintf(line, sizeof line, "USER %s\r\n", user);
    if (strncmp(ask(session, line, "331 230"), "331", 3) == 0)
        (void)ask(session, "PASS secret\r\n", "230");
    (void)ask(session, "CWD in\r\n", "250");
    (void)ask(session, "TYPE I\r\n", "200");
}

static void quit(struct session *session) {
    (void)ask(session, "QUIT\r\n", "221");
    while (recv(session->fd, session->input, sizeof session->input, 0) > 0)
        ;
    (void)close(session->fd);
}

static int passive(struct session *session) {
    const char *reply = ask(session, "EPSV\r\n", "229"), *mark = strstr(reply, "|||");
    if (mark == NULL)
        errx(1, "that is no port: %s", reply);
    return dial((in_port_t)atoi(mark + 3));
}

static void announce(struct session *session, long bytes) {
    char line[64];
    (void)snprintf(line, sizeof line, "ALLO %ld\r\n", bytes);
    (void)ask(session, line, "200 202");
}

static void store(struct session *session, long number, enum way way) {
    char line[64], bytes[size];
    make_bytes(bytes, number);
    int data = way == INLINE ? session->fd : passive(session);
    if (way != EPSV)
        announce(session, size);
    (void)snprintf(line, sizeof line, "STOR f%ld\r\n", number);
    (void)ask(session, line, "150 125");
    send_all(data, bytes, size);
    if (way != INLINE)
        (void)close(data);
    (void)expect(session, "226");
}

struct pipelined {
    struct session *session;
    long count;
};

static void *expect_all(void *given) {
    const struct pipelined *pipelined = given;
    for (long i = 0; i < pipelined->count; i++) {
        (void)expect(pipelined->session, "200 202");
        (void)expect(pipelined->session, "150 125");
        (void)expect(pipelined->session, "226");
    }
    return NULL;
}

/* Sends all files without waiting for a reply, while a thread looks at these. */
static void store_pipelined(struct session *session, long count) {
    struct pipelined pipelined = {session, count};
    pthread_t reader;
    if (pthread_create(&reader, NULL, expect_all, &pipelined) != 0)
        errx(1, "no thread");
    for (long i = 0; i < count; i++) {
        char message[size + 64];
        int head = snprintf(message, 64, "ALLO %d\r\nSTOR f%ld\r\n", size, i);
        make_bytes(message + head, i);
        send_all(session->fd, message, (size_t)head + size);
    }
    (void)pthread_join(reader, NULL);
}

static void files(long count, enum way way) {
    struct session session;
    login(&session);
    double begin = now();
    if (way == INLINE)
        store_pipelined(&session, count);
    else {
        for (long i = 0; i < count; i++)
            store(&session, i, way);
    }
    printf("%.6f\n", now() - begin);
    quit(&session);
}

static struct {
    atomic_long next;
    long count;
    enum way way;
} shared;

static void *some_sessions(void *unused) {
    struct session session;
    long number;
    while ((number = atomic_fetch_add(&shared.next, 1)) < shared.count) {
        login(&session);
        store(&session, number, shared.way);
        quit(&session);
    }
    return unused;
}

static void sessions(long count, long at_once, enum way way) {
    pthread_t threads[64];
    if (at_once < 1 || at_once > 64)
        errx(64, "1 to 64 at once");
    shared.count = count;
    shared.way = way;
    double begin = now();
    for (long i = 0; i < at_once; i++) {
        if (pthread_create(&threads[i], NULL, some_sessions, NULL) != 0)
            errx(1, "no thread");
    }
    for (long i = 0; i < at_once; i++)
        (void)pthread_join(threads[i], NULL);
    printf("%.6f\n", now() - begin);
}

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static void greetings(long count) {
    struct session session;
    double *took = calloc((size_t)count, sizeof *took);
    for (long i = 0; i < count; i++) {
        double begin = now();
        greet(&session);
        took[i] = now() - begin;
        quit(&session);
    }
    qsort(took, (size_t)count, sizeof *took, by_value);
    printf("%.6f\n", took[count / 2]);
}

static void idle(long count) {
    struct rlimit limit;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    for (long i = 0; i < count; i++) {
        struct session session;
        login(&session);
    }
    printf("%ld\n", count);
    (void)fflush(stdout);
    (void)getchar();
}

/* Memory that is sent again and again. Not all alike: nothing on the way can pack it. */
static int make_pattern(void) {
    int fd = memfd_create("pattern", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, pattern) < 0)
        err(1, "no memory");
    unsigned *words = mmap(NULL, pattern, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (words == MAP_FAILED)
        err(1, "no memory");
    for (unsigned i = 0, word = 1; i < pattern / sizeof word; i++)
        words[i] = word = word * 1664525 + 1013904223;
    (void)munmap(words, pattern);
    return fd;
}

static void bulk(long mib) {
    struct session session;
    int source = make_pattern();
    login(&session);
    int data = passive(&session);
    double begin = now();
    (void)ask(&session, "STOR f0\r\n", "150 125");
    for (off_t left = mib << 20, at = 0; left > 0; at = at == pattern ? 0 : at) {
        off_t count = left < pattern - at ? left : pattern - at;
        ssize_t sent = sendfile(data, source, &at, (size_t)count);
        if (sent <= 0)
            err(1, "the server takes no more");
        left -= sent;
    }
    (void)close(data);
    (void)expect(&session, "226");
    printf("%.6f\n", now() - begin);
    quit(&session);
}

static enum way find_way(const char *name) {
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(name, ways[i]) == 0)
            return (enum way)i;
    }
    errx(64, "unknown way %s", name);
}

int main(int argc, char **argv) {
    if (argc < 4)
        errx(64, "PORT HOW N are missing");
    port = (in_port_t)atoi(argv[1]);
    if (getenv("UPLOADS_USER") != NULL)
        user = getenv("UPLOADS_USER");
    const char *how = argv[2];
    long count = atol(argv[3]);
    if (count < 1)
        errx(64, "one at least");
    if (strcmp(how, "files") == 0 && argc == 5)
        files(count, find_way(argv[4]));
    else if (strcmp(how, "sessions") == 0 && argc == 6)
        sessions(count, atol(argv[4]), find_way(argv[5]));
    else if (strcmp(how, "greetings") == 0)
        greetings(count);
    else if (strcmp(how, "idle") == 0)
        idle(count);
    else if (strcmp(how, "bulk") == 0)
        bulk(count);
    else
        errx(64, "unknown: %s", how);
    return 0;
}
