#include "upload.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "copy.h"
#include "reply.h"
#include "session.h"
#include "store.h"

static const char failed[] = "Failed to upload file";

/* One upload, from its command to its last reply. */
struct upload {
    char path[PATH_SIZE];      /* virtual path of the file */
    struct store store;        /* the transaction */
    bool is_inline;            /* the bytes come over the control connection */
    bool announced;            /* size is known from ALLO */
    uint64_t size;             /* announced bytes */
    struct timespec begun;     /* when the bytes began to flow */
    struct copy_result result; /* how they ended */
};

/* How we know that an upload is whole, or why it is not. */
struct verdict {
    const char *word;   /* for the log */
    const char *reason; /* for the client; NULL when the upload is whole */
};

static const struct verdict whole_by_size = {"size", NULL};
static const struct verdict whole_by_close = {"close", NULL};
static const struct verdict reset = {"reset", "the connection was reset"};
static const struct verdict stalled = {"stalled", "no data came for too long"};
static const struct verdict aborted = {"aborted", "as you asked"};
static const struct verdict vanished = {"vanished", "the control connection was closed"};
static const struct verdict cut_short = {"short", "fewer bytes than announced by ALLO"};

static const struct verdict *judge(const struct session *session, const struct upload *upload) {
    const struct copy_result *result = &upload->result;
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
    bool counted = upload->announced && (upload->is_inline || !session->ascii);
    if (counted && result->received < upload->size)
        return &cut_short;
    if (!upload->is_inline && session->control_gone)
        return &vanished;
    return counted && result->received == upload->size ? &whole_by_size : &whole_by_close;
}

static double seconds_since(const struct timespec *begun) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static void log_upload(const struct session *session, const struct upload *upload,
                       enum log_level level, const char *what, const char *word) {
    log_event(session->log, level, "%s: %s (%llu bytes, %.3f s, %s)", what, upload->path,
              (unsigned long long)upload->result.received, seconds_since(&upload->begun), word);
}

static int fail_locally(struct session *session, const struct upload *upload, int error) {
    log_upload(session, upload, LOG_LEVEL_WARNING, "Upload failed", "local error");
    return reply_failure(session, failed, error);
}

/* Publishes or drops what arrived, and says which. */
static int finish(struct session *session, struct upload *upload) {
    if (upload->result.end == COPY_FAILED) {
        store_abort(&upload->store);
        return fail_locally(session, upload, upload->result.error);
    }
    const struct verdict *verdict = judge(session, upload);
    if (verdict->reason) {
        store_abort(&upload->store);
        log_upload(session, upload, LOG_LEVEL_WARNING, "Upload failed", verdict->word);
        return reply_send(session, 426, "%s: %s", failed, verdict->reason);
    }
    int error = store_commit(&upload->store);
    if (error < 0)
        return fail_locally(session, upload, error);
    session->files++;
    session->bytes += upload->result.received;
    log_upload(session, upload, LOG_LEVEL_INFO, "File uploaded", verdict->word);
    return reply_send(session, 226, "File uploaded successfully");
}

/* copy_wait for inline uploads, where the control connection is the data. */
static int wait_alone(void *context, int fd, short events) {
    const struct session *session = context;
    struct pollfd one = {.fd = fd, .events = events};
    int n;
    do
        n = poll(&one, 1, (int)session->config->stall_timeout * 1000);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    return n == 0 ? -ETIMEDOUT : 0;
}

/* copy_wait for data connections. What is still on its way is taken even when the client has left
 * the control connection: the verdict is `vanished`, and the log tells how much came. */
static int wait_for_data(void *context, int fd, short events) {
    struct session *session = context;
    int result = session_wait(session, fd, events, session->config->stall_timeout);
    return result == -ENOTCONN ? wait_alone(context, fd, events) : result;
}

static void receive_inline(struct session *session, struct upload *upload) {
    struct channel *control = &session->control;
    struct copy copy = {
        .from = control->in,
        .from_socket = control->in_socket,
        .to = upload->store.fd,
        .head = control->buffer + control->start,
        .head_length = channel_pending(control),
        .limit = upload->announced ? upload->size : COPY_UNLIMITED,
        .wait = wait_alone,
        .wait_context = session,
    };
    upload->result = copy_receive(&copy);
    control->start += copy.limit < copy.head_length ? (size_t)copy.limit : copy.head_length;
    session->inline_whole = upload->result.end == COPY_LIMIT || upload->result.end == COPY_CLOSED;
    if (upload->result.end != COPY_LIMIT) {
        control->ended = upload->result.end == COPY_CLOSED;
        session->over = true;
    }
}

/* Returns 0, or a negative errno when there is no data connection. */
static int receive_data(struct session *session, struct upload *upload) {
    session->transferring = true;
    session->aborted = false;
    int fd = data_connect(session);
    if (fd >= 0) {
        const struct copy copy = {.from = fd,
                                  .from_socket = true,
                                  .to = upload->store.fd,
                                  .limit = COPY_UNLIMITED,
                                  .ascii = session->ascii,
                                  .wait = wait_for_data,
                                  .wait_context = session};
        (void)clock_gettime(CLOCK_MONOTONIC, &upload->begun);
        upload->result = copy_receive(&copy);
        (void)close(fd);
        session_look(session); /* is the client still there? */
    }
    session->transferring = false;
    return fd < 0 ? fd : 0;
}

static int no_connection(struct session *session, struct upload *upload, int error) {
    store_abort(&upload->store);
    log_event(session->log, LOG_LEVEL_WARNING, "No data connection for %s: %s", upload->path,
              strerror(-error));
    if (error == -ECANCELED)
        return reply_send(session, 426, "%s: %s", failed, aborted.reason);
    return reply_send(session, 425, "Cannot open data connection: %s",
                      error == -ETIMEDOUT ? "nobody connected in time" : "connecting failed");
}

/* Refuses what can be refused before a byte is sent. Returns 0 when the transaction has begun. */
static int begin(struct session *session, struct upload *upload, const char *name) {
    if (name[strlen(name) - 1] == '/')
        return -EISDIR;
    int result = path_resolve(session->cwd, name, upload->path);
    if (result < 0)
        return result;
    const char *file;
    int folder = path_open_parent(&session->root, upload->path, &file);
    if (folder < 0)
        return folder;
    if (*file == '\0') {
        (void)close(folder);
        return -EISDIR;
    }
    return store_begin(&upload->store, folder, file, upload->size);
}

static int transfer(struct session *session, struct upload *upload) {
    int result = reply_send(session, 150, "File status okay; about to open data connection");
    if (result < 0) {
        store_abort(&upload->store);
        return result;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &upload->begun);
    if (upload->is_inline) {
        receive_inline(session, upload);
        return finish(session, upload);
    }
    int error = receive_data(session, upload);
    return error < 0 ? no_connection(session, upload, error) : finish(session, upload);
}

int verb_stor(struct session *session, const char *argument) {
    struct upload upload = {.is_inline = !session->data.used,
                            .announced = session->allo_given,
                            .size = session->allo_given ? session->allo : 0};
    bool allo_refused = session->allo_refused;
    session->allo_given = session->allo_refused = false;
    if (upload.is_inline && allo_refused)
        return reply_send(session, 501, "%s: its size was announced and refused", failed);
    if (!upload.is_inline && !data_prepared(&session->data))
        return reply_send(session, 425, "Use PASV or EPSV first");
    int error = begin(session, &upload, argument);
    if (error < 0) {
        data_reset(&session->data);
        return reply_failure(session, failed, error);
    }
    return transfer(session, &upload);
}
