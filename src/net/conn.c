#include "net/conn.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_socket(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void conn_open_socket(struct conn *conn, int fd) {
    *conn = (struct conn){.in = fd,
                          .out = fd,
                          .in_socket = true,
                          .out_socket = true,
                          .reading = POLLIN,
                          .writing = POLLOUT};
}

void conn_open(struct conn *conn, int in, int out) {
    conn_open_socket(conn, in);
    conn->out = out;
    conn->in_socket = is_socket(in);
    conn->out_socket = is_socket(out);
}

void conn_secure(struct conn *conn, const struct tls_library *library, struct tls_stream *tls) {
    conn->library = library;
    conn->tls = tls;
}

void conn_bare(struct conn *conn) {
    if (conn->tls)
        conn->library->free_stream(conn->tls);
    conn->tls = NULL;
    conn->reading = POLLIN;
    conn->writing = POLLOUT;
}

bool conn_is_passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* The result of a system call as conn_read returns it. */
static ssize_t outcome(ssize_t n) {
    if (n >= 0)
        return n;
    return conn_is_passing(errno) ? -EAGAIN : -errno;
}

/* The event to poll for after a function of TLS has returned this. */
static short wanted(const struct conn *conn, ssize_t result, short usually) {
    if (result == -EAGAIN)
        return conn->library->events(conn->tls);
    return usually;
}

ssize_t conn_read(struct conn *conn, void *bytes, size_t n) {
    if (!conn->tls)
        return outcome(conn->in_socket ? recv(conn->in, bytes, n, MSG_DONTWAIT)
                                       : read(conn->in, bytes, n));
    ssize_t got = conn->library->read(conn->tls, bytes, n);
    conn->reading = wanted(conn, got, POLLIN);
    return got;
}

ssize_t conn_write(struct conn *conn, const void *bytes, size_t n) {
    if (!conn->tls)
        return outcome(conn->out_socket ? send(conn->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                                        : write(conn->out, bytes, n));
    ssize_t written = conn->library->write(conn->tls, bytes, n);
    conn->writing = wanted(conn, written, POLLOUT);
    return written;
}

int conn_handshake(struct conn *conn) {
    int result = conn->library->handshake(conn->tls);
    conn->reading = wanted(conn, result, POLLIN);
    return result;
}

static int fd_of(const struct conn *conn, short events) {
    return events == POLLOUT ? conn->out : conn->in;
}

short conn_reading(const struct conn *conn, int *ret_fd) {
    *ret_fd = fd_of(conn, conn->reading);
    return conn->reading;
}

short conn_writing(const struct conn *conn, int *ret_fd) {
    *ret_fd = fd_of(conn, conn->writing);
    return conn->writing;
}

bool conn_has_more(const struct conn *conn) {
    return conn->tls && conn->library->has_buffered(conn->tls);
}

void conn_read_ahead(struct conn *conn, bool on) {
    if (conn->tls)
        conn->library->read_ahead(conn->tls, on);
}

void conn_be_lenient(struct conn *conn) {
    if (conn->tls)
        conn->library->be_lenient(conn->tls);
}

void conn_end(struct conn *conn) {
    if (conn->tls)
        (void)conn->library->end(conn->tls);
}

const char *conn_error(const struct conn *conn) {
    return conn->tls ? conn->library->error(conn->tls) : "";
}
