#include "verbs/upload.h"

#include <string.h>

#include "base/clock.h"
#include "session/quota.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"
#include "verbs/admit.h"
#include "verbs/announce.h"
#include "verbs/naming.h"
#include "verbs/outcome.h"
#include "verbs/request.h"

static const char failed[] = "Failed to upload file";

/* After an upload that failed the client does not know what is there: if it tried to resume, or was
 * shown an interrupted upload, it must look again before it resumes. */
static void note_ended(struct session *session, const struct upload *upload) {
    const struct shown_row *row = shown_find(&session->view.shown, upload->asked);
    if (upload->stored || !row || (upload->request.base == STORE_NOTHING && row->partial == 0))
        shown_forget(&session->view.shown, upload->asked);
    else
        shown_note(&session->view.shown, upload->asked, SHOWN_STALE, VERSION_NOTHING);
}

static void log_default_type(const struct session *session, const struct upload *upload) {
    if (!upload->job.is_inline && !session->parameters.type_given)
        log_event(session->given->log, EVENT_DEFAULT_TYPE, "No TYPE was sent: receiving as %s",
                  upload->job.converts ? "ASCII, line ends are converted" : "binary");
}

/* It is over, and has been replied to, with that result. */
static int end(struct session *session, struct upload *upload, int result) {
    note_ended(session, upload);
    quota_note(session, &upload->usage);
    return result;
}

/* Ends one that has waited: a pipeline_finish. */
static int finish_late(struct session *session, const struct command *command, void *waited,
                       const struct batch_item *item) {
    struct upload *upload = waited;
    const struct command *outer = session_begin_command(session, command);
    int result = outcome_finish_late(session, upload, item);
    (void)session_begin_command(session, outer);
    return end(session, upload, result);
}

/* Is it whole, and does the client not wait for the reply? Not if old files make room: that is done
 * with one turn in hand, not with several. */
static bool may_wait(const struct session *session, const struct upload *upload) {
    bool pipelined = !session->line_alone || pipeline_waits(&session->pipeline);
    return pipelined && !upload->request.oldest && !admit_asks(session) && upload->job.is_inline &&
           upload->result.end == COPY_LIMIT && upload->request.base == STORE_NOTHING &&
           !outcome_judge(session, upload)->reason && pipeline_may_wait(session, upload->store.fd);
}

/* Makes the copy of one that is to wait for others. Returns NULL if it may not. */
static struct upload *put_off(struct session *session, const struct upload *upload) {
    struct upload *copy =
        may_wait(session, upload) ? pipeline_add(session, upload, sizeof(*upload)) : NULL;
    if (!copy)
        return NULL;
    copy->request.name = strrchr(copy->path, '/') + 1;
    copy->request.seen = copy->seen;
    copy->request.usage = &copy->usage;
    announce_want(session, copy);
    copy->request.partial.path = copy->asked;
    copy->store.request = &copy->request;
    copy->job.store = &copy->store;
    return copy;
}

static int transfer(struct session *session, struct upload *upload) {
    naming_note(session, upload);
    upload->begun = clock_seconds();
    if (!upload->job.is_inline)
        data_meet(session);
    int result =
        naming_reply(session, upload, 150, "File status okay; about to open data connection");
    if (upload->request.unique) {
        naming_update(upload);
        memcpy(upload->asked, upload->path, sizeof(upload->asked));
    }
    if (result < 0) {
        outcome_vanish(session, upload);
        return end(session, upload, result);
    }
    log_default_type(session, upload);
    watch_begin(&session->watch, !upload->job.is_inline);
    doing_transfer(session, upload->job.size);
    int error = receive_bytes(&upload->job, &upload->result);
    if (error == 0 && upload->result.end != COPY_FAILED)
        sum_end(session, upload);
    struct upload *copy = error == 0 ? put_off(session, upload) : NULL;
    if (copy) {
        result = pipeline_wait(session, &copy->store, copy->result.received, finish_late);
    } else {
        (void)pipeline_commit(session);
        result = error < 0 ? outcome_lack_connection(session, upload, error)
                           : outcome_finish(session, upload);
        result = end(session, upload, result);
    }
    watch_end(&session->watch);
    doing_end(session);
    return result;
}

/* In TYPE A the client's count of bytes differs from the file's. */
static int refuse_ascii(struct session *session) {
    return reply_send(session, 554, "%s: it cannot be resumed in TYPE A; use TYPE I", failed);
}

/* Does the client resume at an offset that it has counted itself? */
static bool counts_on(const struct store_request *request) {
    return request->base != STORE_NOTHING && request->may_resume;
}

/* Runs an upload whose verb has filled in its own fields. */
static int run(struct session *session, const char *name, struct upload *upload) {
    request_fill(session, upload);
    if (upload->job.converts && counts_on(&upload->request))
        return refuse_ascii(session);
    if (upload->job.is_inline && session->parameters.allo_refused)
        return reply_send(session, 501, "%s: the ALLO before it was refused", failed);
    if (!upload->job.is_inline && !data_prepared(&session->data))
        return data_refuse(session);
    int error = request_begin(session, upload, name);
    quota_note(session, &upload->usage);
    if (error == 0 && !sum_begin(session, upload))
        return end(session, upload, outcome_refuse_declared(session, upload));
    if (error == 0)
        return transfer(session, upload);
    int result = outcome_refuse(session, upload, error);
    quota_note(session, &upload->usage);
    return result;
}

int verb_stor(struct session *session, const char *argument) {
    struct upload upload = {
        .request = {.base = session->parameters.restart ? STORE_BEGINNING : STORE_NOTHING,
                    .keep = session->parameters.restart,
                    .may_resume = true,
                    .may_extend = account_policy(&session->who.account) == CONFLICT_REPLACE,
                    .on_conflict = account_policy(&session->who.account)}};
    if (session->parameters.restart && session->given->config->resume_hours == 0)
        return reply_send(session, 554, "%s: uploads are not resumed here", failed);
    return run(session, argument, &upload);
}

/* Does APPE mean an interrupted upload of that name? Only if the client was last shown that: else
 * it wants to add to the file that it believes is there. */
static bool means_partial(const struct session *session, const char *name) {
    char path[PATH_SIZE];
    if (path_resolve(session->place.cwd, name, path) < 0)
        return false;
    const struct shown_row *row = shown_find(&session->view.shown, path);
    return row ? row->partial != 0 : session->view.shown.lost;
}

int verb_appe(struct session *session, const char *argument) {
    bool may_append = session->who.rights & RIGHT_APPEND;
    bool resumes = means_partial(session, argument);
    struct upload upload = {.request = {.base = STORE_ALL,
                                        .may_resume = resumes,
                                        .may_extend = may_append,
                                        .on_conflict = account_policy(&session->who.account)}};
    if (!may_append && !resumes)
        return reply_send(session, 550, "APPE: permission denied (no append right)");
    return run(session, argument, &upload);
}

int verb_stou(struct session *session, const char *argument) {
    struct upload upload = {.request = {.unique = true, .on_conflict = CONFLICT_RENAME}};
    return run(session, *argument ? argument : "upload", &upload);
}
