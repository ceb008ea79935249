#include "net/control.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/stop.h"

void control_open(struct control *control, int in, int out, int stop) {
    conn_open(&control->conn, in, out);
    control->ended = false;
    control->stop = stop;
    control->start = control->end = control->used = 0;
    const int on = 1; /* both fail harmlessly on what is not a TCP socket */
    if (control->conn.out_socket)
        (void)setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (control->conn.in_socket)
        (void)setsockopt(in, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

void control_take(struct control *control, size_t n) {
    control->start += n;
}

size_t control_drop(struct control *control) {
    size_t dropped = control_pending(control);
    control->start = control->end;
    return dropped;
}

void control_note_end(struct control *control, bool ended) {
    control->ended = ended;
}

void control_forget_stop(struct control *control) {
    control->stop = -1;
}

void control_wipe(struct control *control) {
    explicit_bzero(control->buffer, control->start);
    explicit_bzero(control->buffer + control->end, control->used - control->end);
    control->used = control->end;
}

int control_await(const struct control *control, int fd, short events, int timeout) {
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = control->stop, .events = POLLIN}};
    int n = await_poll(fds, 2, timeout);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ETIMEDOUT;
    return fds[1].revents && !(fds[0].revents & POLLOUT) ? -ESHUTDOWN : 0;
}

bool control_stopped(const struct control *control) {
    return stop_asked(control->stop);
}

int control_await_read(const struct control *control, int timeout) {
    int fd;
    short events = conn_reading(&control->conn, &fd);
    return control_await(control, fd, events, timeout);
}

static int await_write(const struct control *control, int timeout) {
    int fd;
    short events = conn_writing(&control->conn, &fd);
    return control_await(control, fd, events, timeout);
}

/* So many bytes are in the buffer. */
static void set_end(struct control *control, size_t end) {
    control->end = end;
    control->used = control->used > end ? control->used : end;
}

/* Takes what conn_read has put into the buffer. */
static int take(struct control *control, ssize_t n) {
    control->start = 0;
    set_end(control, n > 0 ? (size_t)n : 0);
    control->ended = n <= 0;
    return n > 0 ? 1 : (int)n;
}

int control_fill(struct control *control, int timeout) {
    struct conn *conn = &control->conn;
    long long deadline = clock_ms() + timeout;
    bool must_wait = !conn_has_more(conn);
    for (;;) {
        long long left = timeout < 0 ? -1 : deadline - clock_ms();
        int result = 0;
        if (must_wait)
            result = control_await_read(control, timeout < 0 || left > 0 ? (int)left : 0);
        if (result < 0)
            return result;
        ssize_t n = conn_read(conn, control->buffer, sizeof(control->buffer));
        if (n != -EAGAIN)
            return take(control, n);
        must_wait = true;
    }
}

int control_fill_found(struct control *control) {
    ssize_t n = conn_read(&control->conn, control->buffer, sizeof(control->buffer));
    return n == -EAGAIN ? -ETIMEDOUT : take(control, n);
}

void control_gather(struct control *control) {
    size_t pending = control_pending(control);
    memmove(control->buffer, control->buffer + control->start, pending);
    control->start = 0;
    ssize_t n =
        conn_read(&control->conn, control->buffer + pending, sizeof(control->buffer) - pending);
    set_end(control, pending + (n > 0 ? (size_t)n : 0));
}

int control_write(struct control *control, const void *bytes, size_t n, int timeout) {
    const uint8_t *at = bytes;
    struct conn *conn = &control->conn;
    bool is_pipe = !conn->out_socket && !conn->tls;
    while (n > 0) {
        int result = is_pipe ? control_await(control, conn->out, POLLOUT, timeout) : 0;
        if (result < 0)
            return result;
        /* a pipe that is ready takes PIPE_BUF bytes without blocking */
        ssize_t written = conn_write(conn, at, is_pipe && n > PIPE_BUF ? PIPE_BUF : n);
        if (written >= 0) {
            at += written;
            n -= (size_t)written;
            continue;
        }
        result = written == -EAGAIN ? await_write(control, timeout) : (int)written;
        if (result < 0)
            return result;
    }
    return 0;
}

bool control_is_acknowledged(const struct control *control) {
    int left = 0;
    return ioctl(control->conn.out, SIOCOUTQ, &left) == 0 && left == 0;
}

/* Does the kernel have bytes for us? */
static bool kernel_has_bytes(const struct control *control) {
    int unread = 0;
    return ioctl(control->conn.in, FIONREAD, &unread) == 0 && unread > 0;
}

bool control_has_come(const struct control *control) {
    return control_has_more(control) || kernel_has_bytes(control);
}

bool control_has_unread(const struct control *control) {
    bool more = control->conn.in_socket && !control->ended && kernel_has_bytes(control);
    return more || control_pending(control) > 0;
}

void control_finish(struct control *control) {
    conn_end(&control->conn);
}

void control_close(struct control *control) {
    (void)close(control->conn.in);
    if (control->conn.out != control->conn.in)
        (void)close(control->conn.out);
}

void control_drain(struct control *control, int time) {
    if (control->conn.out_socket)
        (void)shutdown(control->conn.out, SHUT_WR);
    else
        (void)close(control->conn.out);
    long long deadline = clock_ms() + time;
    while (!control->ended) {
        long long left = deadline - clock_ms();
        if (left <= 0 || control_fill(control, (int)left) < 0)
            return;
    }
}
