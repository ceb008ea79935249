#include "upload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "receive.h"
#include "reply.h"
#include "session.h"
#include "store.h"

static const char failed[] = "Failed to upload file";

/* One upload, from its command to its last reply. */
struct upload {
    char path[PATH_SIZE];         /* virtual path of the file */
    struct store_request request; /* what it is to become */
    struct store store;           /* the transaction */
    struct receive_job job;       /* where the bytes come from */
    double begun;                 /* when they began to flow: clock_seconds */
    struct copy_result result;    /* how they ended */
};

static void log_upload(const struct session *session, const struct upload *upload,
                       enum log_level level, const char *what, const char *word) {
    log_event(session->log, level, "%s: %s (%llu bytes, %.3f s, %s)", what, upload->path,
              (unsigned long long)upload->result.received, clock_seconds() - upload->begun, word);
}

static int fail_locally(struct session *session, const struct upload *upload, int error) {
    log_upload(session, upload, LOG_LEVEL_WARNING, "Upload failed", "local error");
    return reply_failure(session, failed, error);
}

/* Puts the name that the file has in the end into its path. */
static void update_path(struct upload *upload) {
    char *name = strrchr(upload->path, '/') + 1;
    size_t room = sizeof(upload->path) - (size_t)(name - upload->path);
    if (upload->request.unique)
        (void)snprintf(name, room, "%s", upload->store.name);
}

/* The name that the client can use: relative where the file is in the working directory. */
static const char *shown_name(const struct session *session, const struct upload *upload) {
    size_t cwd = session->cwd[1] ? strlen(session->cwd) : 0;
    const char *slash = strrchr(upload->path, '/');
    bool here =
        (size_t)(slash - upload->path) == cwd && memcmp(upload->path, session->cwd, cwd) == 0;
    return here ? slash + 1 : upload->path;
}

/* 150 or 226. STOU tells the name as RFC 1123 section 4.1.2.9 wants it. */
static int reply_progress(struct session *session, struct upload *upload, int code,
                          const char *text) {
    if (!upload->request.unique)
        return reply_send(session, code, "%s", text);
    update_path(upload);
    const char *name = shown_name(session, upload);
    if (code == 150)
        return reply_send(session, code, "FILE: %s", name);
    /* The words in brackets are what Perl's Net::FTP looks for */
    return reply_send(session, code, "%s (unique file name: %s), FILE: %s", text, name, name);
}

/* Publishes or drops what arrived, and says which. */
static int finish(struct session *session, struct upload *upload) {
    if (upload->result.end == COPY_FAILED) {
        store_abort(&upload->store);
        return fail_locally(session, upload, upload->result.error);
    }
    const struct verdict *verdict = receive_judge(session, &upload->job, &upload->result);
    int error = verdict->reason ? 0 : store_sync(&upload->store);
    if (!verdict->reason && error == 0) /* once more: the sync may have taken a while */
        verdict = receive_judge(session, &upload->job, &upload->result);
    if (verdict->reason) {
        store_abort(&upload->store);
        log_upload(session, upload, LOG_LEVEL_WARNING, "Upload failed", verdict->word);
        return reply_send(session, 426, "%s: %s", failed, verdict->reason);
    }
    if (error == 0)
        error = store_publish(&upload->store);
    else
        store_abort(&upload->store);
    if (error < 0)
        return fail_locally(session, upload, error);
    session->files++;
    session->bytes += upload->result.received;
    update_path(upload);
    log_upload(session, upload, LOG_LEVEL_INFO, "File uploaded", verdict->word);
    return reply_progress(session, upload, 226, "File uploaded successfully");
}

static int no_connection(struct session *session, struct upload *upload, int error) {
    store_abort(&upload->store);
    log_event(session->log, LOG_LEVEL_WARNING, "No data connection for %s: %s", upload->path,
              strerror(-error));
    if (error == -ECANCELED)
        return reply_send(session, 426, "%s: as you asked", failed);
    return reply_send(session, 425, "Cannot open data connection: %s",
                      error == -ETIMEDOUT ? "nobody connected in time" : strerror(-error));
}

/* Refuses what can be refused before a byte is sent. Returns 0 when the transaction has begun. */
static int begin(struct session *session, struct upload *upload, const char *name) {
    if (*name && name[strlen(name) - 1] == '/')
        return -EISDIR;
    int result = path_resolve(session->cwd, name, upload->path);
    if (result < 0)
        return result;
    int folder = path_open_parent(&session->root, upload->path, &upload->request.name);
    if (folder < 0)
        return folder;
    if (*upload->request.name == '\0') {
        (void)close(folder);
        return -EISDIR;
    }
    result = store_begin(&upload->store, folder, &upload->request);
    upload->job.to = upload->store.fd;
    upload->job.offset = upload->store.kept;
    return result;
}

static void log_default_type(const struct session *session, const struct upload *upload) {
    if (!upload->job.is_inline && !session->type_given)
        log_event(session->log, LOG_LEVEL_INFO, "No TYPE was sent: receiving as %s",
                  session->ascii ? "ASCII, line ends are converted" : "binary");
}

static int transfer(struct session *session, struct upload *upload) {
    int result =
        reply_progress(session, upload, 150, "File status okay; about to open data connection");
    if (result < 0) {
        store_abort(&upload->store);
        return result;
    }
    log_default_type(session, upload);
    upload->begun = clock_seconds();
    session->transferring = !upload->job.is_inline;
    session->aborted = false;
    int error = receive_bytes(session, &upload->job, &upload->result);
    result = error < 0 ? no_connection(session, upload, error) : finish(session, upload);
    session->transferring = false;
    return result;
}

/* Runs an upload whose request says what is particular to its verb. */
static int run(struct session *session, const char *name, struct store_request request) {
    struct upload upload = {.request = request,
                            .job = {.is_inline = !session->data.used,
                                    .announced = session->allo_given,
                                    .size = session->allo_given ? session->allo : 0}};
    upload.request.size = upload.job.size;
    if (upload.job.is_inline && session->allo_refused)
        return reply_send(session, 501, "%s: its size was announced and refused", failed);
    if (!upload.job.is_inline && !data_prepared(&session->data))
        return reply_send(session, 425, "Use PASV, EPSV, PORT or EPRT first");
    int error = begin(session, &upload, name);
    if (error < 0) {
        data_reset(&session->data);
        return reply_failure(session, failed, error);
    }
    return transfer(session, &upload);
}

int verb_stor(struct session *session, const char *argument) {
    if (session->restart && !(session->rights & RIGHT_REPLACE))
        return reply_send(session, 550, "%s: permission denied (no replace right)", failed);
    if (session->restart && session->ascii && session->data.used)
        return reply_send(session, 554, "%s: in TYPE A it cannot go on; use TYPE I", failed);
    return run(session, argument,
               (struct store_request){.base = session->restart ? STORE_BEGINNING : STORE_NOTHING,
                                      .keep = session->restart,
                                      .may_replace = session->rights & RIGHT_REPLACE});
}

int verb_appe(struct session *session, const char *argument) {
    return run(session, argument, (struct store_request){.base = STORE_ALL});
}

int verb_stou(struct session *session, const char *argument) {
    return run(session, *argument ? argument : "upload", (struct store_request){.unique = true});
}
