#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_socket(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void wire_open_socket(struct wire *wire, int fd) {
    *wire = (struct wire){.in = fd,
                          .out = fd,
                          .in_socket = true,
                          .out_socket = true,
                          .reading = POLLIN,
                          .writing = POLLOUT};
}

void wire_open(struct wire *wire, int in, int out) {
    wire_open_socket(wire, in);
    wire->out = out;
    wire->in_socket = is_socket(in);
    wire->out_socket = is_socket(out);
}

void wire_secure(struct wire *wire, const struct tls_library *library, struct tls_stream *tls) {
    wire->library = library;
    wire->tls = tls;
}

void wire_bare(struct wire *wire) {
    if (wire->tls)
        wire->library->free_stream(wire->tls);
    wire->tls = NULL;
    wire->reading = POLLIN;
    wire->writing = POLLOUT;
}

bool wire_is_passing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* What a system call returned, as wire_read has it. */
static ssize_t outcome(ssize_t n) {
    if (n >= 0)
        return n;
    return wire_is_passing(errno) ? -EAGAIN : -errno;
}

/* What poll has to wait for behind a function of TLS that returned this. */
static short wanted(const struct wire *wire, ssize_t result, short usually) {
    if (result == -EAGAIN)
        return wire->library->events(wire->tls);
    return usually;
}

ssize_t wire_read(struct wire *wire, void *bytes, size_t n) {
    if (!wire->tls)
        return outcome(wire->in_socket ? recv(wire->in, bytes, n, MSG_DONTWAIT)
                                       : read(wire->in, bytes, n));
    ssize_t got = wire->library->read(wire->tls, bytes, n);
    wire->reading = wanted(wire, got, POLLIN);
    return got;
}

ssize_t wire_write(struct wire *wire, const void *bytes, size_t n) {
    if (!wire->tls)
        return outcome(wire->out_socket ? send(wire->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                                        : write(wire->out, bytes, n));
    ssize_t written = wire->library->write(wire->tls, bytes, n);
    wire->writing = wanted(wire, written, POLLOUT);
    return written;
}

int wire_handshake(struct wire *wire) {
    int result = wire->library->handshake(wire->tls);
    wire->reading = wanted(wire, result, POLLIN);
    return result;
}

static int fd_of(const struct wire *wire, short events) {
    return events == POLLOUT ? wire->out : wire->in;
}

short wire_reading(const struct wire *wire, int *ret_fd) {
    *ret_fd = fd_of(wire, wire->reading);
    return wire->reading;
}

short wire_writing(const struct wire *wire, int *ret_fd) {
    *ret_fd = fd_of(wire, wire->writing);
    return wire->writing;
}

bool wire_has_more(const struct wire *wire) {
    return wire->tls && wire->library->has_buffered(wire->tls);
}

void wire_read_ahead(struct wire *wire, bool on) {
    if (wire->tls)
        wire->library->read_ahead(wire->tls, on);
}

void wire_be_lenient(struct wire *wire) {
    if (wire->tls)
        wire->library->be_lenient(wire->tls);
}

void wire_end(struct wire *wire) {
    if (wire->tls)
        (void)wire->library->end(wire->tls);
}

const char *wire_error(const struct wire *wire) {
    return wire->tls ? wire->library->error(wire->tls) : "";
}
