/*
 * client - uploads files to an FTP server.
 *
 * What the server can do decides how a file travels (enum way). stord announces INLINE in FEAT:
 * all files go over the control connection, each announced with ALLO. An ordinary FTP server gets
 * a login and data connections (RFC 959, RFC 2428). A server that knows neither is taken for the
 * tutorial's, which reads the bytes behind STOR up to the end of input.
 *
 * A session is one line after the other: ask() sends a command and waits for its reply, and
 * everything below it is built of that.
 */
#define _FILE_OFFSET_BITS 64 /* NOLINT: for 32-bit machines */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef STORD_VERSION
#define STORD_VERSION "unknown"
#endif

enum {
    CONNECT_MS = 30 * 1000, /* for one address to answer */
    IDLE_MS = 300 * 1000,   /* for a reply, and for the server to take more bytes */
    SILENCE_MS = 500,       /* after which a reply without a line end counts */
    LINE_SIZE = 4096,       /* what is kept of one line of a reply */
    TEXT_SIZE = 16384,      /* what is kept of one reply */
    REPLY_LINES = 10000,    /* a longer reply is nonsense */
    COPY_SIZE = 65536,      /* for sources that sendfile cannot read */
    NAME_SIZE = 512,        /* twice NAME_MAX, see set_name() */
    COMMAND_SIZE = 1024,    /* the verbs and a name */
    NO_REPLY = -1,          /* in place of a reply code: the session is lost */
};

/* How files travel to this server. */
enum way {
    WAY_UNKNOWN,
    WAY_ALLO,  /* stord: inline, sizes announced, one session for all files */
    WAY_EPSV,  /* ordinary FTP: a data connection for each file */
    WAY_PASV,  /* the same for servers, or firewalls, that know no EPSV */
    WAY_PLAIN, /* the tutorial's server: inline to the end of input, a connection for each file */
};

/* One reply of the server: possibly many lines (RFC 959, 4.2). */
struct reply {
    int code;             /* of the first line; 0 before it, NO_REPLY when there will be none */
    bool whole;           /* the last line has been seen */
    int lines;            /* seen so far */
    size_t len;           /* bytes used in text */
    char text[TEXT_SIZE]; /* the lines, each with a '\n' */
};

/* The session, and what outlives it when a connection is made anew for the next file. */
struct session {
    const char *host, *port;
    bool quiet;         /* do not print replies */
    bool hopeless;      /* connecting or logging in failed: do not try again */
    bool ordinary;      /* showed that it is an ordinary FTP server: file bytes must never
                           reach it as commands */
    enum way way;       /* found out in the first session */
    int control;        /* control connection, non-blocking; -1: no session */
    bool eof;           /* the server sends no more */
    bool overlong;      /* drop input up to the next line end */
    bool cut;           /* the last line was taken without its end, which may still come */
    bool early;         /* reply is the final one of an upload that was still being sent */
    const char *why;    /* of NO_REPLY */
    size_t in_len;      /* bytes in in */
    char in[LINE_SIZE]; /* received, not yet taken as lines */
    struct reply reply; /* the latest */
};

/* One file to upload. */
struct source {
    const char *path;     /* as the user wrote it, for messages */
    char name[NAME_SIZE]; /* its last component, as STOR sends it */
    int fd;
    off_t left;      /* bytes still to send; -1: to the end of input */
    bool copy;       /* read and write; else sendfile */
    bool broken;     /* cannot be read to its end */
    size_t at, have; /* what is in buf and not sent */
    char buf[COPY_SIZE];
};

/* How sending a file ended. */
enum sent {
    SENT_ALL,
    SENT_STOPPED, /* by the server or the network */
    SENT_SHORT,   /* by the source: shrunk or unreadable; the user has been told */
};

/* Makes text fit for a terminal: what a server or a file name says must not control it. */
static void make_printable(char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            text[i] = '?';
    }
}

/* Tells the user what is wrong, on standard error. */
__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...) {
    char text[LINE_SIZE + COMMAND_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    make_printable(text, strlen(text));
    (void)fprintf(stderr, "client: %s\n", text);
}

/* ---- replies ---- */

static void reply_reset(struct reply *reply) {
    reply->code = 0;
    reply->whole = false;
    reply->lines = 0;
    reply->len = 0;
}

/* Whether a line begins as a reply does: three digits, then a blank, a hyphen or nothing. */
static bool line_has_code(const char *line, size_t len) {
    for (size_t i = 0; i < 3; i++)
        if (i >= len || line[i] < '0' || line[i] > '9')
            return false;
    return len == 3 || line[3] == ' ' || line[3] == '-';
}

static int line_code(const char *line) {
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static void reply_append(struct reply *reply, const char *line, size_t len) {
    if (len >= TEXT_SIZE - reply->len)
        return;
    memcpy(reply->text + reply->len, line, len);
    reply->len += len;
    reply->text[reply->len++] = '\n';
}

static void reply_fail(struct session *s, const char *why) {
    s->reply.code = NO_REPLY;
    s->reply.whole = true;
    s->why = why;
}

/* Prints one line (its end already removed) and adds it to the reply. */
static void reply_line(struct session *s, char *line, size_t len) {
    struct reply *r = &s->reply;
    bool coded = line_has_code(line, len);
    bool last = coded && (len == 3 || line[3] == ' ');

    make_printable(line, len);
    if (!s->quiet)
        (void)printf("%.*s\n", (int)len, line);
    if (s->cut && !coded) { /* the late end of a line that has been counted */
        s->cut = false;
        return;
    }
    s->cut = false;
    reply_append(r, line, len);
    if (r->code == 0 && coded)
        r->code = line_code(line);
    if (r->code == 0)
        reply_fail(s, "what answers there is not an FTP server");
    else if (r->lines++ == REPLY_LINES)
        reply_fail(s, "the server's reply does not end");
    else
        r->whole = last && line_code(line) == r->code;
}

/*
 * Takes one line out of the input. A line that fills the buffer is taken as it is and the rest of
 * it dropped; all takes what is there without waiting for a line end. False: no line there.
 */
static bool take_line(struct session *s, bool all) {
    char *lf = memchr(s->in, '\n', s->in_len);
    size_t taken = lf ? (size_t)(lf - s->in) + 1 : s->in_len;
    if (taken == 0 || (!lf && !all && taken < sizeof s->in))
        return false;

    size_t len = lf ? taken - 1 : taken;
    while (len > 0 && s->in[len - 1] == '\r')
        len--;
    if (!s->overlong && len > 0)
        reply_line(s, s->in, len);
    else if (len == 0)
        s->cut = false;
    s->overlong = !lf && !all;
    s->in_len -= taken;
    memmove(s->in, s->in + taken, s->in_len);
    return true;
}

/* Takes lines until the reply is whole. False: the input has not all of it yet. */
static bool take_reply(struct session *s) {
    while (!s->reply.whole && take_line(s, false))
        continue;
    return s->reply.whole;
}

/* Whether the input ends in what would be a whole reply, had it a line end. */
static bool lacks_only_line_end(const struct session *s) {
    return !s->overlong && s->in_len > 3 && line_has_code(s->in, s->in_len) && s->in[3] == ' ' &&
           (s->reply.code == 0 || s->reply.code == line_code(s->in));
}

/* poll(2) that goes on after signals. */
static int poll_again(struct pollfd *fds, nfds_t n, int ms) {
    int ready;
    do
        ready = poll(fds, n, ms);
    while (ready < 0 && errno == EINTR);
    return ready;
}

/* Receives what is there into in; at the end, or on an error, sets eof and why. */
static void receive(struct session *s) {
    ssize_t n = recv(s->control, s->in + s->in_len, sizeof s->in - s->in_len, 0);
    if (n > 0) {
        s->in_len += (size_t)n;
    } else if (n == 0) {
        s->eof = true;
        s->why = "the server closed the connection without a reply";
    } else if (errno != EAGAIN && errno != EINTR) {
        s->eof = true;
        s->why = strerror(errno);
    }
}

/* Waits for one whole reply and returns its code, or NO_REPLY. */
static int get_reply(struct session *s) {
    reply_reset(&s->reply);
    while (!take_reply(s)) {
        struct pollfd p = {.fd = s->control, .events = POLLIN};
        bool unended = lacks_only_line_end(s);
        if (s->eof) {
            if (!take_line(s, true))
                reply_fail(s, s->why);
        } else if (poll_again(&p, 1, unended ? SILENCE_MS : IDLE_MS) > 0) {
            receive(s);
        } else if (unended) {
            s->cut = take_line(s, true);
        } else {
            reply_fail(s, "the server does not answer");
        }
    }
    return s->reply.code;
}

/* The reply that ends what 1xx replies began. It may have come while the file was being sent. */
static int get_final_reply(struct session *s) {
    int code = s->early ? s->reply.code : get_reply(s);
    s->early = false;
    while (code / 100 == 1)
        code = get_reply(s);
    return code;
}

/* The reply as a message: its last line, or why there is none. */
static const char *answer(struct session *s) {
    struct reply *r = &s->reply;
    if (r->code <= 0 || r->len == 0)
        return s->why ? s->why : "no reply";
    r->text[r->len - 1] = '\0';
    const char *line = strrchr(r->text, '\n');
    return line ? line + 1 : r->text;
}

/* Sends one command (or two: with CRLF between them) and returns the code of its reply. */
__attribute__((format(printf, 2, 3))) static int ask(struct session *s, const char *format, ...) {
    char command[COMMAND_SIZE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(command, sizeof command - 2, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof command - 2) {
        reply_fail(s, "the command is too long");
        return NO_REPLY;
    }
    command[len++] = '\r';
    command[len++] = '\n';
    /* So few bytes always fit. Where the connection is broken, the server's last words count. */
    (void)!write(s->control, command, (size_t)len);
    return get_reply(s);
}

/* ---- connections ---- */

/* Connects to one address. A non-blocking descriptor, or -1 and errno. */
static int connect_to(const struct sockaddr *address, socklen_t size) {
    int error = 0;
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address, size) < 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        socklen_t len = sizeof error;
        if (errno == EINPROGRESS && poll_again(&p, 1, CONNECT_MS) == 0)
            error = ETIMEDOUT;
        else if (errno != EINPROGRESS || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
            error = errno;
    }
    if (error == 0)
        return fd;
    (void)close(fd);
    errno = error;
    return -1;
}

/*
 * Whether the end of the connection, be it by close(2) or by the death of this process, is a reset.
 * That tells the other side that what came before is not whole.
 */
static void end_by_reset(int fd, bool reset) {
    struct linger linger = {.l_onoff = reset, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

static void session_drop(struct session *s) {
    if (s->control >= 0)
        (void)close(s->control);
    s->control = -1;
}

/* Connects the control connection to the first address of the host that answers. */
static bool session_connect(struct session *s) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(s->host, s->port, &hints, &found);
    if (error != 0) {
        complain("%s port %s: %s", s->host, s->port, gai_strerror(error));
        return false;
    }
    for (const struct addrinfo *a = found; a && s->control < 0; a = a->ai_next)
        s->control = connect_to(a->ai_addr, a->ai_addrlen);
    if (s->control < 0)
        complain("cannot connect to %s port %s: %s", s->host, s->port, strerror(errno));
    freeaddrinfo(found);
    s->eof = s->overlong = s->cut = s->early = false;
    s->in_len = 0;
    return s->control >= 0;
}

/* Whether the whole reply to FEAT has this line (RFC 2389: a blank, then the feature). */
static bool reply_has_feature(const struct reply *reply, const char *feature) {
    const char *line = reply->text;
    const char *end = reply->text + reply->len;
    size_t len = strlen(feature);
    while (line < end) {
        const char *lf = memchr(line, '\n', (size_t)(end - line));
        if (!lf)
            break;
        if (lf == line + 1 + len && line[0] == ' ' && strncasecmp(line + 1, feature, len) == 0)
            return true;
        line = lf + 1;
    }
    return false;
}

/* Logs in where the server knows logins, and asks for binary transfers. */
static bool session_login(struct session *s) {
    int code = ask(s, "USER anonymous");
    bool knows_login = code / 100 != 5;
    if (code == 331)
        code = ask(s, "PASS client@");
    if (knows_login && code / 100 != 2)
        return false;
    s->ordinary |= knows_login;
    code = ask(s, "TYPE I");
    return code > 0 && (code / 100 == 2 || !s->ordinary);
}

/* Takes the greeting, and finds out how files travel to this server. */
static bool session_greet(struct session *s) {
    if (get_final_reply(s) / 100 != 2)
        return false;
    if (s->way == WAY_UNKNOWN) {
        int code = ask(s, "FEAT");
        if (code < 0 || code == 421)
            return false;
        bool is_inline = code == 211 && reply_has_feature(&s->reply, "INLINE ALLO");
        s->way = is_inline ? WAY_ALLO : WAY_EPSV;
    }
    if (s->way == WAY_EPSV || s->way == WAY_PASV)
        return session_login(s);
    return true;
}

/* Sees to it that there is a session. */
static bool session_open(struct session *s) {
    if (s->control >= 0)
        return true;
    if (s->hopeless || !session_connect(s)) {
        s->hopeless = true;
        return false;
    }
    if (!session_greet(s)) {
        complain("%s port %s: %s", s->host, s->port, answer(s));
        s->hopeless = true;
        session_drop(s);
    }
    return s->control >= 0;
}

static void session_end(struct session *s) {
    if (s->control >= 0)
        (void)ask(s, "QUIT");
    session_drop(s);
}

/* ---- data connections ---- */

/* Reads one decimal number and steps over it; -1 where there is none, or one above max. */
static int take_number(const char **text, int max) {
    int n = 0;
    const char *p = *text;
    if (*p < '0' || *p > '9')
        return -1;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');
        if (n > max)
            return -1;
    }
    *text = p;
    return n;
}

/* The port in a 229 reply, RFC 2428: "(|||port|)" with any printable delimiter; -1: none. */
static int epsv_port(const char *line) {
    const char *p = strchr(line, '(');
    if (!p || p[1] < 33 || p[1] > 126 || p[2] != p[1] || p[3] != p[1])
        return -1;
    char delimiter = p[1];
    p += 4;
    int port = take_number(&p, UINT16_MAX);
    return port > 0 && *p == delimiter ? port : -1;
}

/* The port in a 227 reply, RFC 959: "h1,h2,h3,h4,p1,p2", with or without brackets; -1: none. */
static int pasv_port(const char *line) {
    int number[6];
    const char *p = line + 3 + strcspn(line + 3, "0123456789");
    for (int i = 0; i < 6; i++) {
        number[i] = take_number(&p, UINT8_MAX);
        if (number[i] < 0 || (i < 5 && *p++ != ','))
            return -1;
    }
    int port = number[4] * 256 + number[5];
    return port > 0 ? port : -1;
}

/*
 * Connects to a port of the host that the control connection leads to. The address in a PASV reply
 * is ignored: behind NAT it is wrong, and a bad server could name a third party's.
 */
static int connect_data(const struct session *s, int port) {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    if (getpeername(s->control, &peer.any, &size) < 0)
        return -1;
    if (peer.any.sa_family == AF_INET6)
        peer.in6.sin6_port = htons((uint16_t)port);
    else
        peer.in.sin_port = htons((uint16_t)port);
    return connect_to(&peer.any, size);
}

/* Asks for a data connection in one of the two ways. A descriptor, or -1: see s->reply. */
static int try_data(struct session *s, const char *verb, int wanted,
                    int (*find_port)(const char *)) {
    if (ask(s, "%s", verb) != wanted)
        return -1;
    s->ordinary = true;
    int port = find_port(answer(s));
    int fd = port > 0 ? connect_data(s, port) : -1;
    if (port < 0)
        complain("%s: no port in the reply to %s", s->host, verb);
    else if (fd < 0)
        complain("%s: data connection to port %d: %s", s->host, port, strerror(errno));
    return fd;
}

/*
 * Opens a data connection, and remembers what the server can do. -1: failed, or neither EPSV nor
 * PASV is known here: then the way is WAY_PLAIN from now on.
 */
static int open_data(struct session *s) {
    int fd = -1;
    if (s->way == WAY_EPSV) {
        fd = try_data(s, "EPSV", 229, epsv_port);
        if (fd < 0 && s->reply.code > 0 && s->reply.code / 100 != 4)
            s->way = WAY_PASV;
    }
    if (s->way == WAY_PASV && fd < 0) {
        fd = try_data(s, "PASV", 227, pasv_port);
        if (fd < 0 && s->reply.code / 100 == 5 && !s->ordinary)
            s->way = WAY_PLAIN;
    }
    return fd;
}

/* ---- sending ---- */

/*
 * Waits until out takes bytes, and meanwhile listens to the server. False: it sent the final reply
 * (s->early), or the session is lost.
 */
static bool may_send(struct session *s, int out) {
    for (;;) {
        struct pollfd p[2] = {{.fd = out, .events = POLLOUT}, {.fd = s->control, .events = POLLIN}};
        while (take_reply(s)) {
            s->early = s->reply.code / 100 != 1;
            if (s->early)
                return false;
            reply_reset(&s->reply);
        }
        if (s->eof)
            return false;
        if (poll_again(p, 2, IDLE_MS) <= 0) {
            s->eof = true;
            s->why = "the server takes no more bytes";
        } else if (p[1].revents) {
            receive(s);
        } else {
            return true;
        }
    }
}

/* Sends some bytes of the source by way of its buffer; results as of sendfile(2). */
static ssize_t copy_some(int out, struct source *f, size_t max) {
    if (f->at == f->have) {
        ssize_t n = read(f->fd, f->buf, max < sizeof f->buf ? max : sizeof f->buf);
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            complain("%s: cannot read: %s", f->path, strerror(errno));
            f->broken = true;
            return 0;
        }
        if (n <= 0)
            return n;
        f->at = 0;
        f->have = (size_t)n;
    }
    ssize_t n = write(out, f->buf + f->at, f->have - f->at);
    if (n > 0)
        f->at += (size_t)n;
    return n;
}

/* What the end of the source's input means. */
static enum sent source_ended(const struct source *f) {
    if (f->left > 0 && !f->broken)
        complain("%s: became shorter while it was sent", f->path);
    return f->left < 0 && !f->broken ? SENT_ALL : SENT_SHORT;
}

/* Sends as many bytes as the source had, or up to its end where that is unknown. */
static enum sent send_bytes(struct session *s, int out, struct source *f) {
    const size_t most = 0x10000000;
    while (f->left != 0) {
        if (!may_send(s, out))
            return SENT_STOPPED;
        size_t max = f->left > 0 && (uintmax_t)f->left < most ? (size_t)f->left : most;
        ssize_t n = f->copy ? copy_some(out, f, max) : sendfile(out, f->fd, NULL, max);
        if (n > 0 && f->left > 0)
            f->left -= n;
        if (n == 0)
            return source_ended(f);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            if (f->copy)
                return SENT_STOPPED;
            f->copy = true; /* some file systems know no sendfile; other errors come again */
        }
    }
    return SENT_ALL;
}

/* Sends the source over out, which ends by a reset unless all of it is sent. */
static enum sent send_file(struct session *s, int out, struct source *f) {
    reply_reset(&s->reply);
    enum sent sent = send_bytes(s, out, f);
    if (sent == SENT_ALL)
        end_by_reset(out, false);
    return sent;
}

/* Takes the final reply of an upload. True: the server has the file. */
static bool finish(struct session *s, const struct source *f, enum sent sent) {
    int code = get_final_reply(s);
    if (sent == SENT_ALL && (code == 226 || code == 250))
        return true;
    if (sent == SENT_ALL || code / 100 != 2)
        complain("%s: %s", f->path, answer(s));
    else
        complain("%s: the server did not wait for all of it: %s", f->path, answer(s));
    return false;
}

/* Sends the commands of an inline upload. True: the server waits for the bytes. */
static bool start_inline(struct session *s, const struct source *f, bool announced) {
    bool ready;
    if (announced)
        ready = ask(s, "ALLO %jd\r\nSTOR %s", (intmax_t)f->left, f->name) / 100 == 2 &&
                get_reply(s) / 100 == 1;
    else
        ready = ask(s, "STOR %s", f->name) / 100 == 1;
    if (!ready)
        complain("%s: %s", f->path, answer(s));
    return ready;
}

/*
 * Uploads over the control connection. announced: ALLO tells the server where the file ends, and
 * the session goes on; else the end of input does. A refusal ends the session, by a reset: after
 * that of an ALLO, the server may wait for the bytes of a STOR without a size.
 */
static bool send_inline(struct session *s, struct source *f, bool announced) {
    bool stored = false;
    enum sent sent = SENT_SHORT;
    end_by_reset(s->control, true);
    if (start_inline(s, f, announced))
        sent = send_file(s, s->control, f);
    if (sent == SENT_ALL && !announced)
        (void)shutdown(s->control, SHUT_WR);
    if (sent != SENT_SHORT)
        stored = finish(s, f, sent);
    if (!stored || !announced)
        session_drop(s);
    return stored;
}

/* Uploads over a data connection, and closes it. */
static bool send_over_data(struct session *s, struct source *f, int data) {
    end_by_reset(data, true);
    if (ask(s, "STOR %s", f->name) / 100 != 1) {
        complain("%s: %s", f->path, answer(s));
        (void)close(data);
        return false;
    }
    enum sent sent = send_file(s, data, f);
    (void)close(data);
    return finish(s, f, sent);
}

/* Uploads one file in the way that this server knows. True: the server has it. */
static bool send_by_way(struct session *s, struct source *f) {
    int data = -1;
    if (s->way == WAY_EPSV || s->way == WAY_PASV)
        data = open_data(s);
    if (data >= 0)
        return send_over_data(s, f, data);
    if (s->way == WAY_ALLO && f->left >= 0)
        return send_inline(s, f, true);
    if (s->way == WAY_ALLO || s->way == WAY_PLAIN)
        return send_inline(s, f, false);
    complain("%s: %s", f->path, answer(s));
    return false;
}

/* ---- files ---- */

/* Takes the name from the path. On the wire byte 255 is telnet's IAC and doubled (RFC 959, 5.3). */
static bool set_name(struct source *f, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t len = 0;
    f->path = path;
    for (const char *p = slash ? slash + 1 : path; *p && len < sizeof f->name - 2; p++) {
        if (*p == '\r' || *p == '\n') {
            complain("%s: a name with a line break cannot be sent", path);
            return false;
        }
        if (*p == '\xff')
            f->name[len++] = *p;
        f->name[len++] = *p;
    }
    f->name[len] = '\0';
    return true;
}

/* Opens a file to upload. Not a regular file, or one of /proc that hides its size: left is -1. */
static bool source_open(struct source *f, const char *path) {
    struct stat st = {0};
    char byte;

    memset(f, 0, offsetof(struct source, buf));
    if (!set_name(f, path))
        return false;
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = f->fd < 0 || fstat(f->fd, &st) < 0 ? errno : 0;
    if (error == 0 && S_ISDIR(st.st_mode))
        error = EISDIR;
    if (error != 0) {
        complain("%s: %s", path, strerror(error));
        if (f->fd >= 0)
            (void)close(f->fd);
        return false;
    }
    bool sized = S_ISREG(st.st_mode) && (st.st_size > 0 || pread(f->fd, &byte, 1, 0) == 0);
    f->left = sized ? st.st_size : -1;
    f->copy = !sized;
    return true;
}

/* Uploads one file. True: the server has it. */
static bool upload(struct session *s, const char *path) {
    static struct source f;
    if (!source_open(&f, path))
        return false;
    bool stored = false;
    if (session_open(s))
        stored = send_by_way(s, &f);
    else
        complain("%s: not sent", path);
    if (s->reply.code < 0 || s->reply.code == 421)
        session_drop(s);
    (void)close(f.fd);
    return stored;
}

/* ---- the program ---- */

static void print_help(FILE *out) {
    (void)fputs("usage: client [-h HOST] [-p PORT] [-q] FILE...\n"
                "Uploads files to an FTP server.\n"
                "\n"
                "  -h HOST    the server (default: localhost)\n"
                "  -p PORT    its port (default: 22000)\n"
                "  -q         do not print the server's replies\n"
                "  --help     print this and exit\n"
                "  --version  print the version and exit\n"
                "\n"
                "Exits with 0 if the server has confirmed every file, with 1 if not.\n",
                out);
}

static _Noreturn void usage_error(void) {
    (void)fputs("Try 'client --help'.\n", stderr);
    exit(EX_USAGE);
}

/* getaddrinfo(3) takes too large a port number modulo 65536. */
static bool port_is_valid(const char *port) {
    const char *end = port;
    int n = take_number(&end, UINT16_MAX);
    bool numeric = port[strspn(port, "0123456789")] == '\0';
    return *port && (!numeric || (n > 0 && *end == '\0'));
}

/* Reads the options into s; returns the index of the first FILE. */
static int read_options(struct session *s, int argc, char **argv) {
    enum { HELP = 256, VERSION };
    static const struct option long_options[] = {
        {"help", no_argument, NULL, HELP}, {"version", no_argument, NULL, VERSION}, {0}};
    int option;
    while ((option = getopt_long(argc, argv, "h:p:q", long_options, NULL)) != -1) {
        switch (option) {
        case 'h':
            s->host = optarg;
            break;
        case 'p':
            s->port = optarg;
            break;
        case 'q':
            s->quiet = true;
            break;
        case HELP:
            print_help(stdout);
            exit(0);
        case VERSION:
            (void)puts("client (stord) " STORD_VERSION);
            exit(0);
        default:
            usage_error();
        }
    }
    if (!port_is_valid(s->port))
        complain("%s: not a port", s->port);
    else if (optind == argc)
        complain("no file to upload");
    else
        return optind;
    usage_error();
}

int main(int argc, char **argv) {
    static struct session s = {.host = "localhost", .port = "22000", .control = -1};
    int failed = 0;

    int first = read_options(&s, argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = first; i < argc; i++)
        if (!upload(&s, argv[i]))
            failed++;
    session_end(&s);
    return failed > 0;
}
