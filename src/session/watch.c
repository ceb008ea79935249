#include "session/watch.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/await.h"
#include "base/clock.h"
#include "session/session.h"

void watch_init(struct watch *watch) {
    *watch = (struct watch){0};
}

void watch_begin_session(struct watch *watch, void (*attend)(struct session *session)) {
    watch->attend = attend;
}

void watch_begin(struct watch *watch, bool over_data) {
    watch->transferring = over_data;
    watch->aborted = false;
    watch->moved = 0;
}

void watch_end(struct watch *watch) {
    watch->transferring = false;
}

bool watch_abort(struct watch *watch) {
    watch->aborted = watch->transferring;
    return watch->transferring;
}

bool watch_take_abort(struct watch *watch) {
    bool is_owed = watch->aborted && !watch->transferring;
    watch->aborted = watch->aborted && !is_owed;
    return is_owed;
}

void watch_renew(struct watch *watch) {
    watch->half_until = clock_ms() + WATCH_HALF_TIME;
}

void watch_be_brief(struct watch *watch) {
    watch->is_brief = true;
}

void watch_be_patient(struct watch *watch) {
    watch->is_brief = false;
}

void watch_be_deaf(struct watch *watch, bool is_deaf) {
    watch->is_deaf = is_deaf;
}

void watch_keep_line(struct watch *watch, const struct command *command) {
    watch->waiting = *command;
    watch->line_waiting = true;
}

const struct command *watch_take_line(struct watch *watch, bool has_ended) {
    if (!watch->line_waiting)
        return NULL;
    watch->line_waiting = watch->end_seen = false;
    watch->half_closed = watch->half_closed && has_ended; /* more lines may come before it */
    return &watch->waiting;
}

void watch_lose_control(struct watch *watch) {
    watch->control_gone = true;
}

/* Over TCP the client may have closed only its own side, and wait for the replies. Under TLS it
 * would have ended TLS first. */
void watch_note_end(struct session *session) {
    struct watch *watch = &session->watch;
    if (session->given->peer->kind != PEER_INET || conn_is_secure(&session->control.conn)) {
        watch->control_gone = true;
        return;
    }
    watch->half_closed = true;
    watch_renew(watch);
}

/* The same until a moment as clock_us tells it. */
static int poll_until(struct session *session, struct pollfd *fds, nfds_t n, long long moment) {
    struct passive *passive = &session->data.passive;
    const struct timespec left = clock_left(passive_patience(passive, moment));
    struct pollfd *found = fds + n;
    int ready = ppoll(fds, n + passive_poll(passive, found), &left, NULL);
    if (ready >= 0)
        passive_attend(passive, found, session->given->peer, session->given->log);
    return ready;
}

int watch_poll(struct session *session, struct pollfd *fds, nfds_t n, long long deadline) {
    return poll_until(session, fds, n, deadline * CLOCK_US);
}

static bool is_listening(const struct watch *watch) {
    return !watch->control_gone && !watch->half_closed && !watch->line_waiting && !watch->is_deaf;
}

static bool is_quit(const struct line *line) {
    static const char quit[] = "QUIT";
    size_t n = sizeof(quit) - 1;
    return line->fault == LINE_GOOD && strncasecmp(line->text, quit, n) == 0 &&
           (line->text[n] == ' ' || line->text[n] == '\0');
}

/* Copies what has been received after the line that waits, without taking it. Returns how many
 * bytes. */
static size_t peek(struct session *session, uint8_t bytes[CONTROL_BUFFER_SIZE]) {
    struct control *control = &session->control;
    bool is_secure = conn_is_secure(&control->conn);
    if (is_secure) /* what the kernel has is encrypted */
        control_gather(control);
    size_t n = control_pending(control);
    memcpy(bytes, control->buffer + control->start, n);
    if (is_secure)
        return n;
    ssize_t more =
        recv(control->conn.in, bytes + n, CONTROL_BUFFER_SIZE - n, MSG_PEEK | MSG_DONTWAIT);
    return n + (more > 0 ? (size_t)more : 0);
}

/* A client that has closed the control connection may have sent QUIT before, after the line that
 * waits. */
static bool has_quit(struct session *session) {
    uint8_t bytes[CONTROL_BUFFER_SIZE];
    struct line line;
    bool found = is_quit(&session->line);
    size_t n = found ? 0 : peek(session, bytes);
    line_init(&line);
    for (size_t at = 0; at < n && !found; line_reset(&line)) {
        bool ended;
        at += line_feed(&line, bytes + at, n - at, &ended);
        if (!ended)
            line_end(&line);
        found = is_quit(&line);
    }
    explicit_bzero(bytes, sizeof(bytes)); /* there may be a password */
    explicit_bzero(&line, sizeof(line));
    return found;
}

/* While a line waits, no more are read, but the end of the connection is noticed. */
static void watch_for_end(struct session *session, short events) {
    struct watch *watch = &session->watch;
    bool is_over = events & (POLLHUP | POLLERR),
         has_left = watch->line_waiting && has_quit(session);
    if (is_over)
        watch->control_gone = !has_left;
    else if (events & POLLRDHUP && !has_left)
        watch_note_end(session);
    watch->end_seen = is_over || has_left || watch->control_gone;
}

/* What to wait for on the control connection: commands, or only its end. */
static struct pollfd control_events(const struct session *session) {
    const struct watch *watch = &session->watch;
    struct pollfd control;
    control.events = conn_reading(&session->control.conn, &control.fd);
    control.revents = 0;
    if (watch->control_gone || watch->end_seen || watch->is_deaf)
        control.fd = -1;
    else if (watch->half_closed)
        control.events = 0; /* poll reports a reset nevertheless */
    else if (watch->line_waiting)
        control.events = POLLRDHUP;
    return control;
}

/* Attends to what poll has found. */
static void attend_to(struct session *session, short events) {
    if (session->watch.line_waiting || session->watch.half_closed)
        watch_for_end(session, events);
    else
        session->watch.attend(session);
}

void watch_look(struct session *session) {
    for (;;) {
        struct pollfd fds[1 + PASSIVE_FDS] = {control_events(session)};
        if (is_listening(&session->watch) && control_has_more(&session->control))
            session->watch.attend(session);
        else if (watch_poll(session, fds, 1, 0) > 0 && fds[0].revents)
            attend_to(session, fds[0].revents);
        else
            return;
    }
}

/* Why nothing more is to be waited for: a negative errno, or 0. */
static int what_ends(const struct session *session) {
    if (session->watch.aborted)
        return -ECANCELED;
    return session->leave.stopping ? -ESHUTDOWN : 0;
}

static bool is_ready(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    return fd >= 0 && await_poll(&one, 1, 0) > 0;
}

/* Until when to wait: not at all if the client has left, not long if it may have. */
static long long until(const struct watch *watch, long long moment) {
    if (watch->control_gone)
        return 0;
    long long half = watch->half_until * CLOCK_US;
    return watch->half_closed && watch->is_brief && half < moment ? half : moment;
}

/* One poll. Returns 0 where fd is ready, -EAGAIN where there is more to wait for, or as
 * watch_or_news. */
static int wait_once(struct session *session, int fd, short events, long long moment) {
    struct watch *watch = &session->watch;
    struct pollfd fds[3 + PASSIVE_FDS] = {{.fd = fd, .events = events},
                                          control_events(session),
                                          {.fd = session->control.stop, .events = POLLIN}};
    long long end = until(watch, moment);
    int n = poll_until(session, fds, 3, end);
    if (n < 0 && errno != EINTR)
        return -errno;
    if (n > 0 && fds[2].revents)
        return leave_stopping(session);
    if (n > 0 && fds[1].revents)
        attend_to(session, fds[1].revents);
    if (watch->aborted)
        return -EAGAIN;
    if (n > 0 && fds[0].revents)
        return 0;
    if (passive_news(&session->data.passive))
        return -EINTR;
    if (n >= 0 && clock_us() >= end && !is_ready(fd, events)) /* the commands may have taken long */
        return watch->control_gone || end != moment ? -ENOTCONN : -ETIMEDOUT;
    return -EAGAIN;
}

/* As watch_or_news, until a moment as clock_us tells it. */
static int wait_or_news(struct session *session, int fd, short events, long long moment) {
    int result;
    do {
        result = what_ends(session);
        if (result < 0)
            return result;
        if (is_listening(&session->watch) && control_has_more(&session->control)) {
            session->watch.attend(session);
            result = -EAGAIN;
        } else {
            result = wait_once(session, fd, events, moment);
        }
    } while (result == -EAGAIN);
    return result;
}

int watch_or_news(struct session *session, int fd, short events, long long deadline) {
    return wait_or_news(session, fd, events, deadline * CLOCK_US);
}

int watch_wait(struct session *session, int fd, short events, long long deadline) {
    int result;
    do
        result = watch_or_news(session, fd, events, deadline);
    while (result == -EINTR);
    return result;
}

int watch_until(struct session *session, long long moment) {
    int result;
    do
        result = wait_or_news(session, -1, 0, moment);
    while (result == -EINTR);
    return result;
}
