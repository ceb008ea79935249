#include "net/passive.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"

enum {
    BACKLOG = 256, /* room for strangers, which are closed when the session has time for them */
    GLANCE = 256   /* connections accepted before the session does something else */
};

void passive_init(struct passive *passive) {
    *passive = (struct passive){.listener = -1};
}

/* Makes a socket that listens at an address. Returns it or a negative errno. */
static int listen_on(const union address *address) {
    bool ipv6 = address->any.sa_family == AF_INET6;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    const int on = 1; /* a port whose last connection is still in TIME_WAIT can be used */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Urgent bytes are bytes of the file; accepted sockets inherit this */
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    if (bind(fd, &address->any, ipv6 ? sizeof(address->in6) : sizeof(address->in)) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int result = -errno;
    (void)close(fd);
    return result;
}

int passive_listen(struct passive *passive, const union address *address, long long until) {
    passive_close(passive);
    int fd = listen_on(address);
    if (fd < 0)
        return fd;
    passive->listener = fd;
    passive->until = until;
    return 0;
}

void passive_extend(struct passive *passive, long long until) {
    if (until > passive->until)
        passive->until = until;
}

void passive_limit(struct passive *passive, long long until) {
    if (until < passive->until)
        passive->until = until;
}

static void stop_listening(struct passive *passive) {
    if (passive->listener >= 0)
        (void)close(passive->listener);
    passive->listener = -1;
}

void passive_retire(struct passive *passive, const struct peer *peer, const struct log *log) {
    passive_look_around(passive, peer, log);
    stop_listening(passive);
}

void passive_close(struct passive *passive) {
    stop_listening(passive);
    for (unsigned i = 0; i < passive->count; i++)
        (void)close(passive->callers[i].fd);
    passive_init(passive);
}

bool passive_was_reached(const struct passive *passive) {
    struct pollfd ready = {.fd = passive->listener, .events = POLLIN};
    return passive->taken || passive->count > 0 ||
           (passive->listener >= 0 && await_poll(&ready, 1, 0) > 0);
}

bool passive_is_open(const struct passive *passive) {
    return passive->listener >= 0 || passive->count > 0;
}

nfds_t passive_poll(const struct passive *passive, struct pollfd *fds) {
    nfds_t n = 0;
    if (passive->listener >= 0)
        fds[n++] = (struct pollfd){.fd = passive->listener, .events = POLLIN};
    for (unsigned i = 0; i < passive->count; i++) {
        if (passive->callers[i].state == CALLER_SILENT)
            fds[n++] = (struct pollfd){.fd = passive->callers[i].fd, .events = POLLIN | POLLRDHUP};
    }
    return n;
}

long long passive_patience(const struct passive *passive, long long moment) {
    long long until = passive->until * CLOCK_US;
    return passive->listener < 0 || until > moment ? moment : until;
}

/* The state of a connection of which is known whether it has ended. (What came is asked for behind
 * that: bytes could come in between.) */
static enum caller_state state_of(int fd, bool ended) {
    int unread = 0;
    if (ioctl(fd, FIONREAD, &unread) == 0 && unread > 0)
        return CALLER_SPEAKS;
    return ended ? CALLER_ENDED : CALLER_SILENT;
}

enum caller_state passive_look(int fd) {
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};
    return state_of(fd, await_poll(&one, 1, 0) > 0);
}

static void look_at(struct passive *passive, struct caller *caller, bool ended) {
    caller->state = state_of(caller->fd, ended);
    if (caller->state != CALLER_SILENT)
        passive->changed = true;
}

/* Removes a caller from those that wait. Returns its socket. */
static int take_out(struct passive *passive, unsigned i) {
    int fd = passive->callers[i].fd;
    passive->count--;
    memmove(&passive->callers[i], &passive->callers[i + 1],
            (passive->count - i) * sizeof(passive->callers[0]));
    return fd;
}

static void add(struct passive *passive, int fd, enum caller_state state) {
    passive->changed = true;
    if (passive->count < PASSIVE_MOST) {
        passive->callers[passive->count++] = (struct caller){.fd = fd, .state = state};
        return;
    }
    passive->crowded = true;
    (void)close(fd);
}

/* Accepts one connection. Returns 0, also if it is not kept, or a negative errno: -EAGAIN if there
 * is none. */
static int accept_one(struct passive *passive, const struct peer *peer, const struct log *log) {
    union address from = {0};
    socklen_t length = sizeof(from);
    int fd = accept4(passive->listener, &from.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return errno == ECONNABORTED || errno == EINTR ? 0 : -errno; /* EWOULDBLOCK is EAGAIN */
    if (peer_may_send(peer, &from)) {
        add(passive, fd, passive_look(fd));
        return 0;
    }
    char text[PEER_TEXT_SIZE];
    peer_format(&from, text);
    log_event(log, EVENT_DATA_REFUSED, "Refused data connection from %s: not the client", text);
    (void)close(fd);
    return 0;
}

/* A connection that ended without a byte counts only if there is no other: then it is an empty
 * file. */
static void drop_ended(struct passive *passive) {
    for (unsigned i = 0; i < passive->count;) {
        bool alone = passive->count == 1 && !passive->taken;
        if (passive->callers[i].state == CALLER_ENDED && !alone)
            (void)close(take_out(passive, i));
        else
            i++;
    }
}

/* Looks at those of which poll has found something. */
static void look_at_found(struct passive *passive, const struct pollfd *found) {
    for (unsigned i = 0; i < passive->count; i++) {
        if (passive->callers[i].state != CALLER_SILENT)
            continue;
        if (found->revents)
            look_at(passive, &passive->callers[i], found->revents & ~POLLIN);
        found++;
    }
}

/* There is no room for more: looks whether some can be made. */
static void make_room(struct passive *passive) {
    for (unsigned i = 0; i < passive->count; i++) {
        if (passive->callers[i].state == CALLER_SILENT)
            passive->callers[i].state = passive_look(passive->callers[i].fd);
    }
    drop_ended(passive);
}

/* Accepts what waits. It asks before each whether one does: accept4 makes a socket first, and then
 * finds that none does. Returns 0, or a negative errno that would come again at once. */
static int accept_all(struct passive *passive, const struct peer *peer, const struct log *log) {
    struct pollfd listener = {.fd = passive->listener, .events = POLLIN};
    int result = 0;
    for (int i = 0; i < GLANCE && result == 0; i++) {
        if (passive->count == PASSIVE_MOST)
            make_room(passive);
        result = accept_one(passive, peer, log);
        if (result == 0 && await_poll(&listener, 1, 0) <= 0)
            break;
    }
    return result == -EAGAIN ? 0 : result;
}

void passive_attend(struct passive *passive, const struct pollfd *found, const struct peer *peer,
                    const struct log *log) {
    bool waits = passive->listener >= 0 && found++->revents;
    look_at_found(passive, found);
    int result = waits ? accept_all(passive, peer, log) : 0;
    drop_ended(passive);
    if (passive->listener < 0 || (result == 0 && clock_ms() < passive->until))
        return;
    passive->error = result;
    passive->expired = result == 0 && !passive->taken && passive->count == 0;
    passive->changed = true;
    stop_listening(passive);
}

void passive_look_around(struct passive *passive, const struct peer *peer, const struct log *log) {
    struct pollfd fds[PASSIVE_FDS];
    nfds_t n = passive_poll(passive, fds);
    if (n == 0 || await_poll(fds, n, 0) >= 0)
        passive_attend(passive, fds, peer, log);
}

bool passive_news(struct passive *passive) {
    bool changed = passive->changed;
    passive->changed = false;
    return changed;
}

int passive_take(struct passive *passive, bool ended) {
    static const enum caller_state order[] = {CALLER_SPEAKS, CALLER_SILENT, CALLER_ENDED};
    for (size_t state = 0; state < (ended ? 3 : 2); state++) {
        for (unsigned i = 0; i < passive->count; i++) {
            if (passive->callers[i].state != order[state])
                continue;
            int fd = take_out(passive, i);
            passive->taken = true;
            passive->changed = passive->count > 0;
            return fd;
        }
    }
    return -EAGAIN;
}

void passive_give_back(struct passive *passive, int fd) {
    add(passive, fd, CALLER_SILENT);
}

bool passive_speaks(const struct passive *passive) {
    for (unsigned i = 0; i < passive->count; i++) {
        if (passive->callers[i].state == CALLER_SPEAKS)
            return true;
    }
    return false;
}

enum rivals passive_rivals(const struct passive *passive) {
    if (passive->crowded || passive_speaks(passive))
        return RIVALS_SPEAK;
    return passive->count > 0 ? RIVALS_SILENT : RIVALS_NONE;
}
