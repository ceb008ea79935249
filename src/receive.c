#include "receive.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "allowance.h"
#include "clock.h"
#include "session.h"
#include "store.h"

enum {
    DROP_SIZE = 1 << 16, /* bytes dropped at once */
    DROP_TIME = 5000     /* ms that the bytes of a failed upload are dropped */
};

static const struct verdict whole_by_size = {"size", NULL, 0};
const struct verdict receive_closed = {"close", NULL, 0};
static const struct verdict reset = {"reset", "the connection was reset", 426};
static const struct verdict stalled = {"stalled", "no data came for too long", 426};
static const struct verdict aborted = {"aborted", "as you asked", 426};
static const struct verdict vanished = {"vanished", "the control connection was closed", 426};
static const struct verdict cut_short = {"short", "fewer bytes than announced by ALLO", 426};
const struct verdict receive_shrunk = {"short", "fewer bytes than before it was interrupted", 426};
static const struct verdict stopped = {"stopped", "the service is shutting down", 421};

/* Without conversion of line ends, the number of bytes is known to be right or wrong. */
static bool counts(const struct receive_job *job) {
    return job->announced && (job->is_inline || !job->session->ascii);
}

/* Did as many bytes come as ALLO announced? Clients that go on announce what is left, or all of the
 * file. */
static bool is_announced(const struct receive_job *job, uint64_t received) {
    uint64_t all = job->size_is_rest ? received : job->store->kept + received;
    return counts(job) && (received == job->size || all == job->size);
}

const struct verdict *receive_judge(const struct receive_job *job,
                                    const struct copy_result *result) {
    struct session *session = job->session;
    if (!job->is_inline)
        session_look(session);
    if (session->aborted)
        return &aborted;
    switch (result->end) {
    case COPY_RESET:
        return &reset;
    case COPY_STALLED:
        return &stalled;
    case COPY_ABORTED:
        return &aborted;
    case COPY_STOPPED:
        return &stopped;
    case COPY_LIMIT:
        return &whole_by_size;
    default:
        break;
    }
    bool whole = is_announced(job, result->received);
    if (counts(job) && !whole && result->received < job->size)
        return &cut_short;
    if (!job->is_inline && session->control_gone)
        return &vanished;
    return whole ? &whole_by_size : &receive_closed;
}

void receive_linger(const struct receive_job *job, long long ended) {
    struct session *session = job->session;
    if (!job->is_inline)
        (void)session_wait(session, -1, 0, ended + session->config->vanish_wait);
}

/* copy_wait for inline uploads, where the control connection is the data. */
static int wait_alone(void *context, int fd, short events) {
    const struct receive_job *job = context;
    struct session *session = job->session;
    int result =
        channel_await(&session->control, fd, events, (int)session->config->stall_timeout * 1000);
    return result == -ESHUTDOWN ? session_stop(session) : result;
}

/* copy_wait for data connections. What is still on its way is taken even when the client has left
 * the control connection: the verdict is `vanished`, and the log tells how much came. */
static int wait_for_data(void *context, int fd, short events) {
    const struct receive_job *job = context;
    struct session *session = job->session;
    int result = session_wait(session, fd, events, clock_deadline(session->config->stall_timeout));
    return result == -ENOTCONN ? wait_alone(context, fd, events) : result;
}

/* copy_check: the disk may be filled up by others, too. */
static int check_growth(void *context, uint64_t size) {
    const struct receive_job *job = context;
    return allowance_check_growth(job->store, size);
}

/* What both ways of receiving have in common. */
static struct copy begin_copy(struct receive_job *job) {
    job->session->moved = 0;
    return (struct copy){.to = job->store->fd,
                         .offset = job->store->kept,
                         .most = &job->store->most,
                         .limit = COPY_UNLIMITED,
                         .progress = &job->session->moved,
                         .check = check_growth,
                         .context = job};
}

static struct copy_result receive_inline(struct receive_job *job) {
    struct session *session = job->session;
    struct channel *control = &session->control;
    struct copy copy = begin_copy(job);
    copy.from = control->in;
    copy.from_socket = control->in_socket;
    copy.head = control->buffer + control->start;
    copy.head_length = channel_pending(control);
    copy.wait = wait_alone;
    if (job->announced)
        copy.limit = job->size;
    struct copy_result result = copy_receive(&copy);
    control->start += copy.limit < copy.head_length ? (size_t)copy.limit : copy.head_length;
    session->inline_whole = result.end == COPY_LIMIT || result.end == COPY_CLOSED;
    if (result.end != COPY_LIMIT) {
        control->ended = result.end == COPY_CLOSED;
        session->over = true;
    }
    return result;
}

/* Drops what still comes, for a while: closing a connection with bytes that nobody has read resets
 * it, and a client that is told of that does not look for the reply that says why. */
static void drop_rest(struct session *session, int fd) {
    static char dropped[DROP_SIZE];
    long long deadline = clock_ms() + DROP_TIME;
    ssize_t n;
    do {
        if (session_wait(session, fd, POLLIN, deadline) < 0)
            return;
        n = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
    } while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
}

static int receive_data(struct receive_job *job, struct copy_result *ret_result) {
    struct copy copy = begin_copy(job);
    copy.from = data_connect(job->session);
    if (copy.from < 0)
        return copy.from;
    copy.from_socket = true;
    copy.ascii = job->session->ascii;
    copy.wait = wait_for_data;
    *ret_result = copy_receive(&copy);
    if (ret_result->end == COPY_FAILED)
        drop_rest(job->session, copy.from);
    (void)close(copy.from);
    return 0;
}

int receive_bytes(struct receive_job *job, struct copy_result *ret_result) {
    if (!job->is_inline)
        return receive_data(job, ret_result);
    *ret_result = receive_inline(job);
    return 0;
}
