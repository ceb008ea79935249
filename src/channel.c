#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

static bool is_socket(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

void channel_open(struct channel *channel, int in, int out) {
    channel->in = in;
    channel->out = out;
    channel->in_socket = is_socket(in);
    channel->out_socket = is_socket(out);
    channel->ended = false;
    channel->stop = -1;
    channel->start = channel->end = 0;
    const int on = 1; /* both fail harmlessly on what is no TCP socket */
    if (channel->out_socket)
        (void)setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (channel->in_socket)
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

static bool is_transient(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

int channel_fill(struct channel *channel, int timeout) {
    for (;;) {
        int result = channel_await(channel, channel->in, POLLIN, timeout);
        if (result < 0)
            return result;
        ssize_t n = read(channel->in, channel->buffer, sizeof(channel->buffer));
        if (n >= 0) {
            channel->start = 0;
            channel->end = (size_t)n;
            channel->ended = n == 0;
            return n > 0;
        }
        if (!is_transient(errno))
            return -errno;
    }
}

static ssize_t write_some(const struct channel *channel, const uint8_t *bytes, size_t n) {
    ssize_t written = channel->out_socket
                          ? send(channel->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                          : write(channel->out, bytes, n);
    return written < 0 ? -errno : written;
}

int channel_write(struct channel *channel, const void *bytes, size_t n, int timeout) {
    const uint8_t *at = bytes;
    while (n > 0) {
        size_t piece = n;
        if (!channel->out_socket) { /* a pipe that is ready takes so much without blocking */
            int result = channel_await(channel, channel->out, POLLOUT, timeout);
            if (result < 0)
                return result;
            piece = n < PIPE_BUF ? n : PIPE_BUF;
        }
        ssize_t written = write_some(channel, at, piece);
        if (written >= 0) {
            at += written;
            n -= (size_t)written;
        } else if (!is_transient((int)-written)) {
            return (int)written;
        } else {
            int result = channel_await(channel, channel->out, POLLOUT, timeout);
            if (result < 0)
                return result;
        }
    }
    return 0;
}

bool channel_has_unread(const struct channel *channel) {
    int unread = 0;
    if (channel->in_socket && !channel->ended)
        (void)ioctl(channel->in, FIONREAD, &unread);
    return unread > 0 || channel_pending(channel) > 0;
}

void channel_drain(struct channel *channel, int time) {
    if (channel->out_socket)
        (void)shutdown(channel->out, SHUT_WR);
    else
        (void)close(channel->out);
    long long deadline = clock_ms() + time;
    while (!channel->ended) {
        long long left = deadline - clock_ms();
        if (left <= 0 || channel_fill(channel, (int)left) < 0)
            return;
    }
}
