#include "receive.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "session.h"

static const struct verdict whole_by_size = {"size", NULL};
static const struct verdict whole_by_close = {"close", NULL};
static const struct verdict reset = {"reset", "the connection was reset"};
static const struct verdict stalled = {"stalled", "no data came for too long"};
static const struct verdict aborted = {"aborted", "as you asked"};
static const struct verdict vanished = {"vanished", "the control connection was closed"};
static const struct verdict cut_short = {"short", "fewer bytes than announced by ALLO"};

const struct verdict *receive_judge(struct session *session, const struct receive_job *job,
                                    const struct copy_result *result) {
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
    case COPY_LIMIT:
        return &whole_by_size;
    default:
        break;
    }
    /* Without conversion of line ends, the number of bytes is known to be right or wrong */
    bool counted = job->announced && (job->is_inline || !session->ascii);
    if (counted && result->received < job->size)
        return &cut_short;
    if (!job->is_inline && session->control_gone)
        return &vanished;
    return counted && result->received == job->size ? &whole_by_size : &whole_by_close;
}

/* copy_wait for inline uploads, where the control connection is the data. */
static int wait_alone(void *context, int fd, short events) {
    const struct session *session = context;
    return channel_await(fd, events, (int)session->config->stall_timeout * 1000);
}

/* copy_wait for data connections. What is still on its way is taken even when the client has left
 * the control connection: the verdict is `vanished`, and the log tells how much came. */
static int wait_for_data(void *context, int fd, short events) {
    struct session *session = context;
    int result = session_wait(session, fd, events, clock_deadline(session->config->stall_timeout));
    return result == -ENOTCONN ? wait_alone(context, fd, events) : result;
}

static struct copy_result receive_inline(struct session *session, const struct receive_job *job) {
    struct channel *control = &session->control;
    const struct copy copy = {
        .from = control->in,
        .from_socket = control->in_socket,
        .to = job->to,
        .offset = job->offset,
        .progress = &session->moved,
        .head = control->buffer + control->start,
        .head_length = channel_pending(control),
        .limit = job->announced ? job->size : COPY_UNLIMITED,
        .wait = wait_alone,
        .wait_context = session,
    };
    struct copy_result result = copy_receive(&copy);
    control->start += copy.limit < copy.head_length ? (size_t)copy.limit : copy.head_length;
    session->inline_whole = result.end == COPY_LIMIT || result.end == COPY_CLOSED;
    if (result.end != COPY_LIMIT) {
        control->ended = result.end == COPY_CLOSED;
        session->over = true;
    }
    return result;
}

static int receive_data(struct session *session, const struct receive_job *job,
                        struct copy_result *ret_result) {
    int fd = data_connect(session);
    if (fd >= 0) {
        const struct copy copy = {.from = fd,
                                  .from_socket = true,
                                  .to = job->to,
                                  .offset = job->offset,
                                  .progress = &session->moved,
                                  .limit = COPY_UNLIMITED,
                                  .ascii = session->ascii,
                                  .wait = wait_for_data,
                                  .wait_context = session};
        *ret_result = copy_receive(&copy);
        (void)close(fd);
    }
    return fd < 0 ? fd : 0;
}

int receive_bytes(struct session *session, const struct receive_job *job,
                  struct copy_result *ret_result) {
    session->moved = 0;
    if (!job->is_inline)
        return receive_data(session, job, ret_result);
    *ret_result = receive_inline(session, job);
    return 0;
}
