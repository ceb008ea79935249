#include "verbs/receive.h"

#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "net/link.h"
#include "session/probe.h"
#include "session/session.h"
#include "store/store.h"
#include "verbs/vanish.h"

enum {
    DROP_TIME = 5000,     /* ms that the bytes of a failed upload are dropped */
    ENOUGH_TIME = 2000,   /* ms of silence that end an upload with all bytes that ALLO announced */
    GATHER_SIZE = 1 << 17 /* bytes to write at once under TLS, whose records are small */
};

static const struct verdict whole_by_size = {"size", NULL, 0, NULL};
static const struct verdict receive_closed = {"close", NULL, 0, NULL};
static const struct verdict reset = {"reset", "the connection was reset", 426, NULL};
static const struct verdict cut = {"tls-truncated", "TLS ended without close_notify", 426,
                                   "--tls-lenient-close"};
static const struct verdict torn = {"tls-truncated", "TLS ended in the middle of a record", 426,
                                    NULL};
static const struct verdict broken = {"tls-broken", "TLS failed on the data connection", 426, NULL};
static const struct verdict unasked = {"tls-unasked", "it was TLS, without PROT P before", 426,
                                       NULL};
static const struct verdict stalled = {"stalled", "no data came for too long", 426, NULL};
static const struct verdict aborted = {"aborted", "as you asked", 426, NULL};
static const struct verdict vanished = {"vanished", "the control connection was closed", 426,
                                        "--lenient-close"};
const struct verdict receive_contested = {
    "contested", "another connection came to that port from your address", 426, NULL};
static const struct verdict cut_short = {"short", "fewer bytes than announced by ALLO", 426, NULL};
const struct verdict receive_shrunk = {"short", "fewer bytes than before it was interrupted", 426,
                                       NULL};
const struct verdict receive_stopped = {"stopped", "the service is shutting down", 421, NULL};

/* Can the number of bytes be compared with ALLO? Not if line ends are converted. */
static bool counts(const struct receive_job *job) {
    return job->announced && !job->converts;
}

/* As many bytes have come as ALLO announced: the client may wait for the reply before it closes the
 * connection. */
static bool has_enough(const struct receive_job *job, uint64_t received) {
    return counts(job) && received > 0 && received == job->size;
}

/* The verdict by how the data ended, or NULL if well. */
static const struct verdict *judge_end(const struct receive_job *job,
                                       const struct copy_result *result) {
    switch (result->end) {
    case COPY_RESET:
        if (job->is_tls)
            return &unasked;
        if (result->error == -DATA_CONTESTED)
            return &receive_contested;
        return result->error == TLS_BROKEN ? &broken : &reset;
    case COPY_CUT:
        return result->error == TLS_TORN ? &torn : &cut;
    case COPY_STALLED:
        return has_enough(job, result->received) ? NULL : &stalled;
    case COPY_ABORTED:
        return &aborted;
    case COPY_STOPPED:
        return &receive_stopped;
    default:
        return NULL;
    }
}

void receive_look(struct receive_job *job) {
    if (job->is_inline)
        return;
    watch_look(job->session);
    job->is_contested = data_is_contested(job->session, false);
}

const struct verdict *receive_judge(const struct receive_job *job,
                                    const struct copy_result *result) {
    const struct session *session = job->session;
    if (session->watch.aborted)
        return &aborted;
    const struct verdict *end = judge_end(job, result);
    if (end || result->end == COPY_LIMIT)
        return end ? end : &whole_by_size;
    bool whole = counts(job) && store_is_as_announced(job->store, result->received);
    if (counts(job) && !whole && result->received < job->size)
        return &cut_short;
    if (!job->is_inline && session->watch.control_gone &&
        !who_is_pardoned_leaving(&session->who, session->given->config))
        return &vanished;
    if (job->is_contested)
        return &receive_contested;
    return whole ? &whole_by_size : &receive_closed;
}

/* The same after a look. */
static const struct verdict *judge_anew(struct receive_job *job, const struct copy_result *result) {
    receive_look(job);
    return receive_judge(job, result);
}

/* How many microseconds behind the data a client that was killed may take to lose its control
 * connection, too. */
static long long time_to_watch(const struct receive_job *job, const struct copy_result *result) {
    unsigned wanted = job->session->given->config->vanish_wait;
    const struct vanish vanish = {.is_told = job->is_told,
                                  .is_lossy = job->is_lossy,
                                  .is_asked = job->session->watch.half_closed,
                                  .received = result->received,
                                  .duration = job->ended - job->begun,
                                  .still = job->still};
    return wanted == VALUE_AUTO ? vanish_time(&vanish) : wanted * 1000LL;
}

const struct verdict *receive_confirm(struct receive_job *job, const struct copy_result *result,
                                      const struct verdict *verdict) {
    struct session *session = job->session;
    if (job->is_inline)
        return receive_judge(job, result);
    if (verdict == &receive_closed || session->watch.half_closed)
        (void)watch_until(session, job->ended + time_to_watch(job, result));
    bool is_contested = data_is_contested(session, true);
    if (is_contested && !session->watch.aborted)
        return session->leave.stopping ? &receive_stopped : &receive_contested;
    verdict = judge_anew(job, result);
    bool has_left = session->watch.half_closed &&
                    !who_is_pardoned_leaving(&session->who, session->given->config);
    if (verdict->reason || !has_left || probe_reaches(session))
        return verdict;
    return session->leave.stopping ? &receive_stopped : judge_anew(job, result);
}

/* A ClientHello (RFC 8446, 5.1) */
static bool is_hello(const uint8_t *bytes, size_t n) {
    return n >= 3 && bytes[0] == TLS_HANDSHAKE && bytes[1] == 3 && bytes[2] <= 4;
}

static ssize_t read_wire(void *context, void *bytes, size_t n) {
    struct receive_job *job = context;
    doing_move(job->session, &job->session->doing, job->session->watch.moved);
    ssize_t got = conn_read(job->conn, bytes, n);
    if (got > 0)
        job->still = 0;
    if (got <= 0 || !job->may_be_tls)
        return got;
    job->may_be_tls = false;
    job->is_tls = is_hello(bytes, (size_t)got);
    return job->is_tls ? TLS_BROKEN : got;
}

/* copy_wait for inline uploads, where the control connection is the data. */
static int wait_alone(void *context) {
    const struct receive_job *job = context;
    struct session *session = job->session;
    int fd, result = -ETIMEDOUT;
    short events = conn_reading(job->conn, &fd);
    if (pipeline_waits(&session->pipeline)) {
        result = control_await(&session->control, fd, events, 0);
        if (result == -ETIMEDOUT && pipeline_commit(session) < 0)
            return -ENOTCONN;
    }
    if (result == -ETIMEDOUT)
        result = control_await(&session->control, fd, events,
                               (int)session->given->config->stall_timeout * 1000);
    return result == -ESHUTDOWN ? leave_stopping(session) : result;
}

static int look_alone(void *context) {
    const struct receive_job *job = context;
    if (control_stopped(&job->session->control))
        return leave_stopping(job->session);
    return pipeline_look(job->session) < 0 ? -ENOTCONN : 0;
}

/* Does another connection have the data? (One that has begun TLS is not idle.) */
static bool may_be_another(const struct receive_job *job) {
    return job->session->watch.moved == 0 && !job->conn->tls &&
           passive_speaks(&job->session->data.passive);
}

/* The moment at which the upload is over if nothing comes. */
static long long silence_ends(const struct receive_job *job) {
    long long stall = clock_deadline(job->session->given->config->stall_timeout);
    long long enough = clock_ms() + ENOUGH_TIME;
    return has_enough(job, job->session->watch.moved) && enough < stall ? enough : stall;
}

/* copy_wait for data connections. What is still on its way is received even if the client has left
 * the control connection: the verdict is `vanished`, and the log says how much came. */
static int wait_for_data(void *context) {
    struct receive_job *job = context;
    struct session *session = job->session;
    int fd;
    short events = conn_reading(job->conn, &fd);
    long long deadline = silence_ends(job), begun = clock_us();
    int result = -EINTR;
    while (result == -EINTR) {
        if (may_be_another(job))
            return -DATA_OTHER_SPEAKS;
        if (session->watch.moved == 0 && session->data.passive.crowded)
            return -DATA_CONTESTED; /* the end could only be "contested" */
        result = watch_or_news(session, fd, events, deadline);
    }
    job->still += clock_us() - begun;
    return result == -ENOTCONN ? wait_alone(context) : result;
}

static int look_at_control(void *context) {
    const struct receive_job *job = context;
    int result = watch_wait(job->session, -1, 0, 0);
    return result == -ETIMEDOUT || result == -ENOTCONN ? look_alone(context) : result;
}

/* What data connections and inline uploads have in common. */
static struct copy begin_copy(struct receive_job *job) {
    return (struct copy){.to = store_sink(job->store),
                         .limit = COPY_UNLIMITED,
                         .progress = watch_begin_bytes(&job->session->watch),
                         .gather = job->conn->tls ? GATHER_SIZE : 0,
                         .read = read_wire,
                         .tap = job->tap,
                         .context = job};
}

static struct copy_result receive_inline(struct receive_job *job) {
    struct session *session = job->session;
    struct control *control = &session->control;
    job->conn = &control->conn;
    struct copy copy = begin_copy(job);
    copy.blocks = !control->conn.in_socket && !control->conn.tls;
    copy.head = control->buffer + control->start;
    copy.head_length = control_pending(control);
    copy.wait = wait_alone;
    copy.look = look_alone;
    if (job->announced)
        copy.limit = job->size;
    conn_read_ahead(job->conn, true);
    struct copy_result result = copy_receive(&copy);
    conn_read_ahead(job->conn, false);
    control_take(control, copy.limit < copy.head_length ? (size_t)copy.limit : copy.head_length);
    session_note_piece(session);
    uploads_note_inline(&session->uploads, result.end == COPY_LIMIT || result.end == COPY_CLOSED);
    if (result.end != COPY_LIMIT) {
        control_note_end(control, result.end == COPY_CLOSED);
        leave(session);
    }
    return result;
}

/* Ends a connection whose bytes have all come, or are not wanted. */
static void close_data(struct receive_job *job, const struct copy_result *result) {
    bool is_over = result->end == COPY_CLOSED ||
                   (result->end == COPY_STALLED && has_enough(job, result->received));
    if (result->end == COPY_FAILED) /* a client that is reset does not look for the reply */
        is_over = data_drain(job->session, job->conn, clock_ms() + DROP_TIME);
    if (is_over)
        conn_end(job->conn); /* some clients read no reply before that */
    data_disconnect(job->conn);
}

/* Remembers what time_to_watch asks for, while the connection is open. */
static void note_end(struct receive_job *job, const struct copy_result *result) {
    const struct session *session = job->session;
    job->ended = clock_us();
    job->is_lossy = link_is_lossy(job->data.in);
    job->is_told = conn_is_secure(&job->data) && result->end == COPY_CLOSED &&
                   !who_is_pardoned_cut(&session->who, session->given->config);
}

/* Receives over one connection. Returns as receive_bytes. */
static int receive_once(struct receive_job *job, struct copy_result *ret_result) {
    int result = data_connect(job->session, &job->data);
    if (result < 0)
        return result;
    job->conn = &job->data;
    job->may_be_tls = conn_is_secure(&job->session->control.conn) && !job->session->secure.chosen;
    struct copy copy = begin_copy(job);
    copy.ascii = job->converts;
    copy.wait = wait_for_data;
    copy.look = look_at_control;
    job->begun = clock_us();
    *ret_result = copy_receive(&copy);
    note_end(job, ret_result);
    if (ret_result->error == TLS_BROKEN && !job->is_tls)
        log_event(job->session->given->log, EVENT_TLS_BROKEN, "Data connection: TLS: %s",
                  conn_error(job->conn));
    if (ret_result->error == -DATA_OTHER_SPEAKS)
        data_give_back(job->session, job->conn);
    else
        close_data(job, ret_result);
    return 0;
}

/* Has the connection ended without a byte? */
static bool is_void(const struct receive_job *job, const struct copy_result *result) {
    bool ended = result->end == COPY_CLOSED || result->end == COPY_CUT ||
                 (result->end == COPY_RESET && result->error != TLS_BROKEN &&
                  result->error != -DATA_CONTESTED);
    return result->received == 0 && ended && !job->is_tls;
}

static int receive_data(struct receive_job *job, struct copy_result *ret_result) {
    unsigned wanted = job->session->given->config->vanish_wait;
    int result, wait = wanted == VALUE_AUTO ? VANISH_MOST / 1000 : (int)wanted;
    do
        result = receive_once(job, ret_result);
    while (result == 0 && !job->session->data.is_proven && is_void(job, ret_result) &&
           data_has_other(job->session, wait));
    return result;
}

int receive_bytes(struct receive_job *job, struct copy_result *ret_result) {
    int result = 0;
    if (job->is_inline)
        *ret_result = receive_inline(job);
    else
        result = receive_data(job, ret_result);
    if (result < 0)
        return result;
    store_received(job->store, ret_result->written);
    transcript_received(job->session, job->is_inline, ret_result);
    return 0;
}
