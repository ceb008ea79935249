#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

void channel_open(struct channel *channel, int in, int out) {
    wire_open(&channel->wire, in, out);
    channel->ended = false;
    channel->stop = -1;
    channel->start = channel->end = 0;
    const int on = 1; /* both fail harmlessly on what is no TCP socket */
    if (channel->wire.out_socket)
        (void)setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (channel->wire.in_socket)
        (void)setsockopt(in, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

int channel_await(const struct channel *channel, int fd, short events, int timeout) {
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = channel->stop, .events = POLLIN}};
    int n;
    do
        n = poll(fds, 2, timeout);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ETIMEDOUT;
    return fds[1].revents && !(fds[0].revents & POLLOUT) ? -ESHUTDOWN : 0;
}

bool channel_stopped(const struct channel *channel) {
    return channel_await(channel, -1, 0, 0) == -ESHUTDOWN;
}

int channel_await_read(const struct channel *channel, int timeout) {
    int fd;
    short events = wire_reading(&channel->wire, &fd);
    return channel_await(channel, fd, events, timeout);
}

static int await_write(const struct channel *channel, int timeout) {
    int fd;
    short events = wire_writing(&channel->wire, &fd);
    return channel_await(channel, fd, events, timeout);
}

/* Takes what wire_read has put into the buffer. */
static int take(struct channel *channel, ssize_t n) {
    channel->start = 0;
    channel->end = n > 0 ? (size_t)n : 0;
    channel->ended = n <= 0;
    return n > 0 ? 1 : (int)n;
}

int channel_fill(struct channel *channel, int timeout) {
    struct wire *wire = &channel->wire;
    long long deadline = clock_ms() + timeout;
    bool must_wait = !wire_has_more(wire);
    for (;;) {
        long long left = timeout < 0 ? -1 : deadline - clock_ms();
        int result = 0;
        if (must_wait)
            result = channel_await_read(channel, timeout < 0 || left > 0 ? (int)left : 0);
        if (result < 0)
            return result;
        ssize_t n = wire_read(wire, channel->buffer, sizeof(channel->buffer));
        if (n != -EAGAIN)
            return take(channel, n);
        must_wait = true;
    }
}

void channel_gather(struct channel *channel) {
    size_t pending = channel_pending(channel);
    memmove(channel->buffer, channel->buffer + channel->start, pending);
    channel->start = 0;
    ssize_t n =
        wire_read(&channel->wire, channel->buffer + pending, sizeof(channel->buffer) - pending);
    channel->end = pending + (n > 0 ? (size_t)n : 0);
}

int channel_write(struct channel *channel, const void *bytes, size_t n, int timeout) {
    const uint8_t *at = bytes;
    struct wire *wire = &channel->wire;
    bool is_pipe = !wire->out_socket && !wire->tls;
    while (n > 0) {
        int result = is_pipe ? channel_await(channel, wire->out, POLLOUT, timeout) : 0;
        if (result < 0)
            return result;
        /* a pipe that is ready takes so much without blocking */
        ssize_t written = wire_write(wire, at, is_pipe && n > PIPE_BUF ? PIPE_BUF : n);
        if (written >= 0) {
            at += written;
            n -= (size_t)written;
            continue;
        }
        result = written == -EAGAIN ? await_write(channel, timeout) : (int)written;
        if (result < 0)
            return result;
    }
    return 0;
}

bool channel_is_acknowledged(const struct channel *channel) {
    int left = 0;
    return ioctl(channel->wire.out, SIOCOUTQ, &left) == 0 && left == 0;
}

/* Does the kernel have bytes for us? */
static bool kernel_has_bytes(const struct channel *channel) {
    int unread = 0;
    return ioctl(channel->wire.in, FIONREAD, &unread) == 0 && unread > 0;
}

bool channel_has_come(const struct channel *channel) {
    return channel_has_more(channel) || kernel_has_bytes(channel);
}

bool channel_has_unread(const struct channel *channel) {
    bool more = channel->wire.in_socket && !channel->ended && kernel_has_bytes(channel);
    return more || channel_pending(channel) > 0;
}

void channel_finish(struct channel *channel) {
    wire_end(&channel->wire);
}

void channel_drain(struct channel *channel, int time) {
    if (channel->wire.out_socket)
        (void)shutdown(channel->wire.out, SHUT_WR);
    else
        (void)close(channel->wire.out);
    long long deadline = clock_ms() + time;
    while (!channel->ended) {
        long long left = deadline - clock_ms();
        if (left <= 0 || channel_fill(channel, (int)left) < 0)
            return;
    }
}
