/*
 * Fuzzes the whole session: the input is what the client sends on the control connection, and
 * again what comes over each data connection. Its size tells the circumstances: mostly a local
 * client who may do everything; some are strangers, or have no rights, or may only upload, or have
 * no openat2.
 *
 * The session is linked as it is. The calls that would make it wait or need a network are
 * replaced (--wrap, see Makefile): time is virtual, so that a poll which finds nothing lets its
 * whole time pass at once; data connections are socket pairs that have been made, filled and, for
 * some, closed or reset beforehand.
 *
 * What must be true, whatever the bytes: the session ends; it leaks no descriptor; what it sent
 * are whole replies; nothing beside its root was made, changed or read; who may only upload does
 * not learn the name of a file that is there; no reserved name is left; no event in the log holds a
 * control character or a password; its transcript has steps alone, and no password either; each
 * line of its xferlog has 18 words.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "gate/gate.h"
#include "log/systemd.h"
#include "loop.h"
#include "sandbox/sandbox.h"
#include "session/session.h"
#include "store/partial.h"
#include "store/reserved.h"

enum {
    OUT_LIMIT = 1 << 22,     /* bytes that a session may answer */
    DATA_LIMIT = 4096,       /* bytes that come over one data connection */
    FILE_LIMIT = 1 << 24,    /* longest file */
    RESERVE_LIMIT = 1 << 20, /* largest room that can be reserved */
    FOLDER_SIZE = 128,       /* of the name of the folder that holds the root */
    CONNECTIONS = 64,        /* data connections whose other ends are kept */
    PORT = 40000             /* of every data connection */
};

/* How the client's end of a data connection behaves; each is used in turn. */
enum behaviour { SENDS_AND_CLOSES, SENDS_NOTHING, SENDS_AND_STALLS, RESETS, BEHAVIOURS };

/* Remainders of the input's size by 16 */
enum { WRITE_ONLY = 12, ANONYMOUS = 13, NO_RIGHTS = 14, STRANGER = 15 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    char folder[FOLDER_SIZE]; /* holds the root, and what must not be touched */
    int fd;                   /* that folder */
    DIR *beside;              /* the same */
    struct path_root root;    /* the session's root */
    char secret[32];          /* what is in a file beside the root, each time something else */
    char hidden[32];          /* name of a file in the root, likewise */
    const uint8_t *input;     /* what the client sends */
    size_t size;              /* of it */
    long long now;            /* virtual time in ms */
    int peers[CONNECTIONS];   /* other ends of data connections */
    unsigned connections;     /* how many were made */
    bool doubles_none;        /* the client has sent 255 as any other byte */
} fuzz;

static void broken(const char *condition, int line) {
    (void)fprintf(stderr, "tests/fuzz/session.c:%d: not true: %s\n", line, condition);
    abort();
}

#define must(condition) ((condition) ? (void)0 : broken(#condition, __LINE__))

/* tests/fuzz/tls.c has its own of these, before it includes this file. */
#ifndef FUZZ_TLS
static const struct secure_setup fuzz_secure;

static void fuzz_configure(struct config *config) {
    (void)config;
}

static void fuzz_check_field(const struct iovec *field) {
    (void)field;
}

/* May what was sent have been cut off, without the session's doing? */
static bool fuzz_is_torn(void) {
    return false;
}
#endif

/* ---------------------------------------------------------------- what is replaced */

int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __real_getsockname(int fd, struct sockaddr *address, socklen_t *length);

__typeof__(ppoll) __real_ppoll, __wrap_ppoll;
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
__typeof__(sandbox_narrow) __wrap_sandbox_narrow;
__typeof__(sandbox_enter_helper) __wrap_sandbox_enter_helper;
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_socket(int family, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_listen(int fd, int backlog);
int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout) {
    int ready = n ? __real_poll(fds, n, 0) : 0;
    if (ready == 0)
        fuzz.now += timeout;
    must(ready != 0 || timeout >= 0); /* it would never wake up */
    return ready;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                 const sigset_t *mask) {
    const struct timespec none = {0};
    int ready = __real_ppoll(fds, n, &none, mask);
    if (ready == 0)
        fuzz.now++; /* what waits so waits for less than a millisecond */
    must(timeout != NULL);
    return ready;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret) {
    (void)id;
    *ret = (struct timespec){.tv_sec = fuzz.now / 1000, .tv_nsec = fuzz.now % 1000 * 1000000};
    return 0;
}

/* The fuzzer itself has to go on. */
int __wrap_sandbox_narrow(const struct config *config, const struct log *log,
                          const struct sandbox_home *home) {
    (void)config;
    (void)log;
    (void)home;
    return 0;
}

int __wrap_sandbox_enter_helper(const struct config *config, const struct log *log) {
    (void)config;
    (void)log;
    return 0;
}

/* Something that is ready for whatever is waited for. */
int __wrap_socket(int family, int type, int protocol) {
    (void)type;
    (void)protocol;
    must(family == AF_INET || family == AF_INET6);
    return eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
    (void)fd;
    (void)address;
    (void)length;
    return 0;
}

int __wrap_listen(int fd, int backlog) {
    (void)fd;
    (void)backlog;
    return 0;
}

static void client_address(struct sockaddr *address, socklen_t *length) {
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memcpy(address, &in, *length < sizeof(in) ? *length : sizeof(in));
    *length = sizeof(in);
}

int __wrap_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
    (void)fd;
    client_address(address, length);
    return 0;
}

/* The server's end of a new data connection, over which the client has done its part. */
static int make_connection(int flags) {
    int pair[2];
    must(fuzz.connections < CONNECTIONS &&
         socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (flags & SOCK_NONBLOCK), 0, pair) == 0);
    enum behaviour behaviour = (enum behaviour)((fuzz.size + fuzz.connections) % BEHAVIOURS);
    size_t n = fuzz.size < DATA_LIMIT ? fuzz.size : DATA_LIMIT;
    if (behaviour != SENDS_NOTHING)
        must(send(pair[1], fuzz.input, n, MSG_DONTWAIT) == (ssize_t)n);
    if (behaviour == SENDS_AND_CLOSES)
        must(shutdown(pair[1], SHUT_WR) == 0);
    if (behaviour == RESETS) { /* bytes that nobody has read make it a reset */
        must(send(pair[0], "x", 1, MSG_DONTWAIT) == 1);
        must(close(pair[1]) == 0);
        pair[1] = -1;
    }
    fuzz.peers[fuzz.connections++] = pair[1];
    return pair[0];
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    eventfd_t one; /* connection comes to each listener */
    if (eventfd_read(fd, &one) < 0) {
        errno = EAGAIN;
        return -1;
    }
    if (fuzz.connections == CONNECTIONS) {
        errno = EMFILE;
        return -1;
    }
    client_address(address, length);
    return make_connection(flags);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length) {
    (void)length;
    in_port_t port = address->sa_family == AF_INET
                         ? ((const struct sockaddr_in *)(const void *)address)->sin_port
                         : ((const struct sockaddr_in6 *)(const void *)address)->sin6_port;
    must(ntohs(port) >= 1024);
    if (fuzz.connections == CONNECTIONS) {
        errno = ECONNREFUSED;
        return -1;
    }
    int connection = make_connection(SOCK_NONBLOCK);
    must(dup3(connection, fd, O_CLOEXEC) == fd && close(connection) == 0);
    return 0;
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t length) {
    (void)fd;
    (void)mode;
    (void)offset;
    if (length <= RESERVE_LIMIT)
        return 0;
    errno = ENOSPC;
    return -1;
}

static bool begins_with(const struct iovec *field, const char *text) {
    return field->iov_len >= strlen(text) && memcmp(field->iov_base, text, strlen(text)) == 0;
}

/* A journal that looks at what it gets. */
static int check_event(const struct iovec *fields, int count) {
    for (int i = 0; i < count; i++) {
        const unsigned char *bytes = fields[i].iov_base;
        bool is_text = begins_with(&fields[i], "MESSAGE=");
        fuzz_check_field(&fields[i]);
        for (size_t at = 0; at < fields[i].iov_len && is_text; at++)
            must(bytes[at] >= 0x20 && bytes[at] != 0x7f);
        must(!begins_with(&fields[i], "MESSAGE=Received command: PASS ") ||
             begins_with(&fields[i], "MESSAGE=Received command: PASS ***"));
    }
    return 0;
}

/* ---------------------------------------------------------------- the root */

static void make_file(int folder, const char *name, const char *content) {
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    must(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    must(close(fd) == 0);
}

static void make_root(void) {
    must(mkdirat(fuzz.fd, "root", 0777) == 0);
    fuzz.root.fd = openat(fuzz.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fuzz.root.fd >= 0);
    make_file(fuzz.root.fd, "file", "1\r\n\n2\rthree");
    must(mkdirat(fuzz.root.fd, "folder", 0777) == 0);
    make_file(fuzz.root.fd, "folder/inner", "");
    make_file(fuzz.root.fd, fuzz.hidden, "1");
    must(symlinkat("..", fuzz.root.fd, "up") == 0);
    must(symlinkat("../secret", fuzz.root.fd, "out") == 0);
}

/* What may be left of a session: partials, and what sessions take turns by. */
static bool may_stay(const char *name) {
    return strcmp(name, RESERVED_FOLDER) == 0 || strcmp(name, PATH_RESERVED_PREFIX "turns") == 0 ||
           strcmp(name, PATH_RESERVED_PREFIX "turn") == 0 ||
           strncmp(name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX)) == 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st;
    const char *name = path + where->base;
    bool reserved = strncmp(name, PATH_RESERVED_PREFIX, strlen(PATH_RESERVED_PREFIX)) == 0;
    must(!reserved || may_stay(name));
    must((kind == FTW_DP ? rmdir(path) : unlink(path)) == 0);
    return 0;
}

static void remove_root(void) {
    char path[sizeof(fuzz.folder) + sizeof("/root")];
    (void)snprintf(path, sizeof(path), "%s/root", fuzz.folder);
    must(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
    must(close(fuzz.root.fd) == 0);
}

/* Nothing but `secret` is where the root was, and it is as it was. */
static void check_beside(void) {
    char content[sizeof(fuzz.secret) + 1];
    size_t length = strlen(fuzz.secret);
    int fd = openat(fuzz.fd, "secret", O_RDONLY | O_CLOEXEC);
    must(read(fd, content, sizeof(content)) == (ssize_t)length && close(fd) == 0);
    must(memcmp(content, fuzz.secret, length) == 0);
    int entries = 0;
    rewinddir(fuzz.beside);
    while (readdir(fuzz.beside))
        entries++;
    must(entries == 3); /* and . and .. */
}

static void remove_all(void) {
    (void)unlinkat(fuzz.fd, "secret", 0);
    (void)rmdir(fuzz.folder);
}

/* ---------------------------------------------------------------- what the session sent */

/* The fuzzer sees what bytes are compared with, and learns them: hence a new secret each time. */
static void make_secret(void) {
    static uint64_t state;
    state = state * 6364136223846793005U + 1442695040888963407U;
    (void)snprintf(fuzz.secret, sizeof(fuzz.secret), "%016llx", (unsigned long long)state);
    make_file(fuzz.fd, "secret", fuzz.secret);
    (void)snprintf(fuzz.hidden, sizeof(fuzz.hidden), "h%016llx", (unsigned long long)~state);
}

static bool sees(void) {
    return fuzz.size % 16 != WRITE_ONLY && fuzz.size % 16 != ANONYMOUS;
}

static bool has_secret(const void *bytes, size_t n) {
    return memmem(bytes, n, fuzz.secret, strlen(fuzz.secret)) != NULL ||
           (!sees() && memmem(bytes, n, fuzz.hidden, strlen(fuzz.hidden)) != NULL);
}

static bool is_code(const char *line, size_t n) {
    return n >= 4 && line[0] >= '1' && line[0] <= '5' && line[1] >= '0' && line[1] <= '5' &&
           line[2] >= '0' && line[2] <= '9' && (line[3] == ' ' || line[3] == '-');
}

/* A line without its end: no control character, 255 only doubled, but for a client that does not.
 */
static void check_text(const char *line, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)line[i];
        must(byte >= 0x20 && byte != 0x7f);
        if (byte == 0xff && !fuzz.doubles_none)
            must(i + 1 < n && (unsigned char)line[++i] == 0xff);
    }
}

/* Telnet refusals (255, 252 or 254, option) stand between replies, never in one. */
static size_t skip_refusals(const char *out, size_t n) {
    size_t at = 0;
    while (n - at >= 3 && (unsigned char)out[at] == 0xff && (unsigned char)out[at + 1] != 0xff)
        at += 3;
    return at;
}

/* Replies, each of them whole: "NNN text", or "NNN-text", lines, "NNN text". */
static void check_replies(const char *out, size_t n) {
    char open[4] = ""; /* code of the multi-line reply that is not ended */
    while (n > 0) {
        size_t skipped = *open ? 0 : skip_refusals(out, n);
        out += skipped;
        n -= skipped;
        if (n == 0)
            break;
        const char *end = memmem(out, n, "\r\n", 2);
        if (!end && fuzz_is_torn())
            return;
        must(end != NULL);
        size_t length = (size_t)(end - out);
        check_text(out, length);
        if (!*open) {
            must(is_code(out, length));
            if (out[3] == '-')
                memcpy(open, out, 3);
        } else if (length >= 4 && memcmp(out, open, 3) == 0 && out[3] == ' ') {
            *open = '\0';
        }
        out += length + 2;
        n -= length + 2;
    }
    must(!*open || fuzz_is_torn());
}

static void check_out(int out) {
    struct stat st;
    must(fstat(out, &st) == 0 && st.st_size < OUT_LIMIT);
    if (st.st_size == 0)
        return;
    char *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, out, 0);
    must(bytes != MAP_FAILED);
    check_replies(bytes, (size_t)st.st_size);
    must(!has_secret(bytes, (size_t)st.st_size));
    must(munmap(bytes, (size_t)st.st_size) == 0);
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void check_step(const char *line) {
    static const char *const steps[] = {"# ",    "#   ",   "< ",      "> ",     ">> ", ">>@ ",
                                        "put@ ", "data@ ", "connect", "listen", "get", "done",
                                        "reset", "eof",    "vanish",  "closed"};
    size_t i = 0;
    while (i < sizeof(steps) / sizeof(steps[0]) && !starts_with(line, steps[i]))
        i++;
    must(i < sizeof(steps) / sizeof(steps[0]));
    for (const char *c = line; *c; c++)
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    const char *word = *line == '>' ? strchr(line, ' ') + 1 : "";
    if (strncasecmp(word, "PASS ", 5) == 0 || strncasecmp(word, "ACCT ", 5) == 0)
        must(starts_with(word + 5, "secret") || starts_with(word + 5, "wrong!"));
}

static void check_transfer(const char *line) {
    int words = 0;
    for (const char *c = line; *c; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
        words += *c != ' ' && (c == line || c[-1] == ' ');
    }
    must(words == 18);
}

/* Each line of that file. */
static void check_lines(int fd, void (*check)(const char *line)) {
    char *line = NULL;
    size_t room = 0;
    must(lseek(fd, 0, SEEK_SET) == 0);
    FILE *file = fdopen(dup(fd), "r");
    must(file != NULL);
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        must(strlen(line) == (size_t)n && line[n - 1] == '\n');
        line[n - 1] = '\0';
        check(line);
    }
    free(line);
    must(fclose(file) == 0 && close(fd) == 0);
}

static void check_connections(void) {
    static char bytes[DATA_LIMIT];
    for (unsigned i = 0; i < fuzz.connections; i++) {
        if (fuzz.peers[i] < 0)
            continue;
        ssize_t n = recv(fuzz.peers[i], bytes, sizeof(bytes), MSG_DONTWAIT);
        must(n <= 0 || !has_secret(bytes, (size_t)n));
        must(close(fuzz.peers[i]) == 0);
    }
    fuzz.connections = 0;
}

/* ---------------------------------------------------------------- one session */

/* One bit for each of the first descriptors that is open. */
static uint64_t open_descriptors(void) {
    uint64_t open = 0;
    for (int fd = 0; fd < 64; fd++)
        open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
    return open;
}

static int input_file(void) {
    int fd = memfd_create("input", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, fuzz.input, fuzz.size) == (ssize_t)fuzz.size);
    must(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* Stands in for the module: a digest is how many bytes there were. */
static void begin_digest(struct digest_state *ret_state, unsigned kinds) {
    *ret_state = (struct digest_state){.kinds = kinds};
}

static void add_digest(struct digest_state *state, const void *bytes, size_t n) {
    must(bytes && n > 0);
    state->room[0] = (uint8_t)(state->room[0] + n);
}

static void end_digest(struct digest_state *state, struct digest_set *ret_digests) {
    *ret_digests = (struct digest_set){.kinds = state->kinds};
    for (size_t i = 0; i < DIGEST_KINDS; i++)
        ret_digests->bytes[i][0] = state->room[0];
}

static const struct digest fuzz_digest = {
    .begin = begin_digest, .add = add_digest, .end = end_digest};

static void run(const struct config *config, struct log *log) {
    static struct session session;
    const struct peer peer = {
        .kind = PEER_INET,
        .local = fuzz.size % 16 != STRANGER,
        .address.in = {.sin_family = AF_INET,
                       .sin_port = htons(PORT),
                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .here.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .text = "a fuzzer"};
    int in = input_file();
    int out = memfd_create("output", MFD_CLOEXEC);
    int given = dup(in), theirs = dup(out); /* a session may close them */
    must(out >= 0 && given >= 0 && theirs >= 0);
    memset(&session, 0, sizeof(session)); /* as it is in a new process */
    static struct dial dial;
    must(dial.address || dial_open(&dial, &peer) == 0);
    const struct helper none = {.fd = -1};
    struct gate no_gate = {.fd = -1};
    const struct names no_names = {0};
    const struct sandbox_state unconfined = {.descriptors = 128};
    static struct transcript transcript;
    memset(&transcript, 0, sizeof(transcript));
    int said = memfd_create("transcript", MFD_CLOEXEC),
        moved = memfd_create("xferlog", MFD_CLOEXEC);
    transcript.recording.fd = dup(said); /* the session closes it */
    struct xferlog xferlog = {.fd = moved};
    must(moved >= 0 && transcript.recording.fd >= 0);
    const struct session_parts parts = {.config = config,
                                        .log = log,
                                        .folder = fuzz.folder,
                                        .xferlog = &xferlog,
                                        .transcript = &transcript,
                                        .peer = &peer,
                                        .root = &fuzz.root,
                                        .dial = &dial,
                                        .helper = &none,
                                        .gate = &no_gate,
                                        .digest = &fuzz_digest,
                                        .secure = &fuzz_secure,
                                        .names = &no_names,
                                        .sandbox = &unconfined,
                                        .boot = "",
                                        .in = given,
                                        .out = theirs,
                                        .stop = -1};
    session_init(&session, &parts);
    loop_run(&session);
    (void)close(given);
    (void)close(theirs);
    if (session.who.root.fd !=
        fuzz.root.fd) /* a login opened the home, which a process has to its end */
        must(close(session.who.root.fd) == 0);
    fuzz.doubles_none = session.line.doubles_none;
    check_out(out);
    check_lines(said, check_step);
    check_lines(moved, check_transfer);
    must(close(in) == 0 && close(out) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(fuzz.folder, sizeof(fuzz.folder), "%s/stord-fuzz.XXXXXX",
                   temporary ? temporary : "/tmp");
    must(mkdtemp(fuzz.folder) != NULL && atexit(remove_all) == 0);
    fuzz.fd = open(fuzz.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(fuzz.fd >= 0 && (fuzz.beside = opendir(fuzz.folder)) != NULL);
    const struct rlimit limit = {.rlim_cur = FILE_LIMIT, .rlim_max = FILE_LIMIT};
    must(setrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    must(signal(SIGPIPE, SIG_IGN) != SIG_ERR && setenv("TZ", "UTC", 1) == 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct systemd journal = {.journal_sendv = check_event};
    struct log log = {
        .setup = {.target = LOG_TARGET_JOURNAL, .level = LOG_LEVEL_DEBUG, .systemd = &journal}};
    static char none[] = "", all[] = "upload,append,replace,list,read,mkdir,rename,delete";
    char *arguments[][4] = {
        {"handler", "--allow", all},
        [NO_RIGHTS] = {"handler", "--allow", none},
        [WRITE_ONLY] = {"handler", "--allow=upload,mkdir", "--on-conflict=rename"},
        [ANONYMOUS] = {"handler", "--anonymous", "--allow=upload,append,mkdir"}};
    size_t way = size % 16 < sizeof(arguments) / sizeof(arguments[0]) && arguments[size % 16][0]
                     ? size % 16
                     : 0;
    char *environment[] = {NULL};
    char error[CONFIG_ERROR_SIZE];
    struct config config;
    must(config_load(&config, 3, arguments[way], environment, error) == CONFIG_SERVE);
    config.checksum = (1U << DIGEST_KINDS) - 1;
    fuzz_configure(&config);
    fuzz.input = data;
    fuzz.size = size;
    fuzz.now = 1000000;
    make_secret();
    make_root();
    fuzz.root.walk = size % 2;
    uint64_t before = open_descriptors();
    run(&config, &log);
    check_connections();
    must(open_descriptors() == before);
    remove_root();
    check_beside();
    return 0;
}
