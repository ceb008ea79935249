#include "verbs/upload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "session/quota.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"
#include "session/view.h"
#include "verbs/admit.h"
#include "verbs/announce.h"
#include "verbs/request.h"

enum { LATER_TIME = 2000000 /* µs before 451: lftp tries again at once, a hundred times */ };

static const char failed[] = "Failed to upload file", later[] = "gate-later";

static const struct verdict other_digest = {"digest", "it has another SHA-256 than declared", 550,
                                            NULL};

/* Logs how it ended. code: of the reply, or 0. pardon: the option that would accept it, or NULL. */
static void tell_pardon(const struct session *session, const struct upload *upload,
                        const char *word, int code, const char *pardon) {
    const struct transfer transfer = announce_transfer(upload, upload->path, word, code, pardon);
    tell_transfer(session, &transfer);
}

static void tell(const struct session *session, const struct upload *upload, const char *word,
                 int code) {
    tell_pardon(session, upload, word, code, NULL);
}

/* The word for an error that ended an upload; NULL: it has none of its own. */
static const char *find_word(int error) {
    if (error == -ENOSPC || error == -EDQUOT || error == -STORE_LITTLE_LEFT)
        return "no-space";
    if (error == -ESHUTDOWN)
        return "stopped";
    if (error == -USAGE_EXCEEDED)
        return "quota";
    return error == -EFBIG ? "too-large" : NULL;
}

static const char *error_word(int error) {
    const char *word = find_word(error);
    return word ? word : "failed";
}

/* The code for an error. code: as for reply_error. */
static int code_of(const struct session *session, int error, int code) {
    if (error == -ESHUTDOWN)
        return 421;
    if (error == -USAGE_EXCEEDED || error == -EFBIG)
        return 552;
    return reply_failure_code(session, error, code);
}

/* Replies to an error. code: REPLY_LATE, or for what could not begin REPLY_USUAL or REPLY_TOLD. */
static int reply_error(struct session *session, struct upload *upload, int error, int code) {
    uint64_t limit = session->who.account.max_file_size;
    if (error == -ESHUTDOWN) {
        (void)leave_stopping(session);
        return reply_told(session, 421, "%s: the service is shutting down", failed);
    }
    if (error == -EFBIG && limit != VALUE_UNLIMITED)
        return reply_told(session, 552, "%s: larger than the %llu bytes that are allowed", failed,
                          (unsigned long long)limit);
    if (error == -USAGE_EXCEEDED)
        return quota_refuse(session, &upload->usage, failed,
                            code == REPLY_LATE ? 0 : upload->job.size);
    return reply_failure(session, code, failed, error);
}

/* It could not begin: says why. */
static int refuse(struct session *session, struct upload *upload, int error) {
    if (!find_word(error) && !reply_is_ours(session, error))
        return reply_error(session, upload, error, REPLY_USUAL);
    tell_refused(session, EVENT_UPLOAD_FAILED, error_word(error),
                 code_of(session, error, REPLY_TOLD), failed);
    return reply_error(session, upload, error, REPLY_TOLD);
}

/* Replaces the requested name in the path by the file's final name. */
static void update_path(struct upload *upload) {
    char *name = strrchr(upload->path, '/') + 1;
    size_t room = sizeof(upload->path) - (size_t)(name - upload->path);
    (void)snprintf(name, room, "%s", upload->store.name);
}

/* Was another name chosen than the client asked for, or did it ask for none? A client that may not
 * see does not learn that a name is taken: it finds the file under the name that it asked for. */
static void note_name(const struct session *session, struct upload *upload) {
    bool other = strcmp(upload->store.name, upload->request.name) != 0;
    if (upload->request.unique || (other && who_sees(&session->who)))
        upload->tells_name = true;
}

/* Remembers the client's own upload; not one that extends somebody else's file. */
static void note_own(struct session *session, const struct upload *upload) {
    bool added = upload->store.base != STORE_NOTHING &&
                 (upload->store.old.st_nlink > 0 || upload->request.hidden);
    const struct own_entry *own = own_find(&session->view.own, upload->asked);
    if (added && !(upload->is_own && own && path_is_same(&own->id, &upload->store.old_id)))
        return;
    const char *called = upload->tells_name ? upload->path : upload->asked;
    bool elsewhere = strcmp(called, upload->path) != 0;
    view_note_own(session, called, elsewhere ? upload->path : NULL, &upload->store.id);
}

/* 150 or 226. A name that we chose is shown as RFC 1123 section 4.1.2.9 has it for STOU, relative
 * if the file is in the working directory. */
static int reply_progress(struct session *session, const struct upload *upload, int code,
                          const char *text) {
    if (!upload->tells_name)
        return reply_send(session, code, "%s", text);
    size_t cwd = session->place.cwd[1] ? strlen(session->place.cwd) : 0;
    int folder = (int)(strrchr(upload->path, '/') + 1 - upload->path);
    if ((size_t)folder == cwd + 1 && memcmp(upload->path, session->place.cwd, cwd) == 0)
        folder = 0;
    const char *path = upload->path, *name = upload->store.name;
    if (code == 150)
        return reply_send(session, code, "FILE: %.*s%s", folder, path, name);
    /* The words in brackets are what Perl's Net::FTP looks for */
    return reply_send(session, code, "%s (unique file name: %.*s%s), FILE: %.*s%s", text, folder,
                      path, name, folder, path, name);
}

/* Keeps what came as a partial if it is `good` (see store_keep). What came in TYPE A never is: the
 * client's count of bytes differs from ours. Returns 1 if it can be resumed, 0 if nothing was to be
 * kept, or a negative errno if it could not be. */
static int keep(struct session *session, struct upload *upload, bool good) {
    bool any = upload->result.received > 0 || upload->store.resumed;
    if (session->given->config->resume_hours == 0) {
        store_abort(&upload->store);
        return 0;
    }
    good = good && any && !upload->job.converts;
    upload->usage.stop = session->control.stop; /* if we are stopping, it no longer asks for that */
    int result = store_keep(&upload->store, good);
    if (result < 0 && result != -ENODATA) {
        log_event(session->given->log, EVENT_NOT_KEPT, "What arrived of %s is not kept: %s",
                  upload->path,
                  result == -USAGE_EXCEEDED ? "the quota is used up" : strerror(-result));
        if (result == -EPERM)
            tell_foreign(session);
        return result;
    }
    if (result == 0 && good)
        tell_file(session, EVENT_KEPT, "Kept to be resumed", upload->path);
    return result == 0 && good;
}

/* The client may start over with less. */
static void forget_failure(struct session *session, const struct upload *upload) {
    retry_forget(&session->retry, upload->asked);
}

/* Remembers how much came of an upload that was interrupted and kept. */
static void note_failure(struct session *session, const struct upload *upload) {
    uint64_t kept = upload->request.hidden && !upload->store.resumed ? 0 : upload->store.kept;
    retry_note(&session->retry, upload->asked, kept + upload->result.received);
}

/* lftp 4.9.2, when it retries in the same session, often sends only the end of the file, closes the
 * connection as if it had sent all of it, and believes the 226. So an upload shorter than what is
 * kept of the first try is refused, once: a client that sends it again means it. */
static bool has_shrunk(const struct session *session, const struct upload *upload) {
    return !upload->job.announced && upload->store.base == STORE_NOTHING &&
           !upload->store.resumed &&
           retry_had_more(&session->retry, upload->asked, upload->result.received);
}

static const struct verdict *judge(const struct session *session, const struct upload *upload) {
    const struct verdict *verdict = receive_judge(&upload->job, &upload->result);
    if (!verdict->reason && sum_differs(upload))
        return &other_digest;
    return !verdict->reason && has_shrunk(session, upload) ? &receive_shrunk : verdict;
}

/* A client that sees an older file after the reply must not be asked to retry (426): it might
 * resume that. */
static int reply_verdict(struct session *session, struct upload *upload,
                         const struct verdict *verdict) {
    int kept = 0, code = verdict->code;
    forget_failure(session, upload);
    if (verdict != &other_digest)
        sum_forget(upload);
    if (verdict == &other_digest || verdict == &receive_shrunk) /* what was kept before is better */
        store_abort(&upload->store);
    else /* nobody must resume what may be another client's */
        kept = keep(session, upload, verdict != &receive_contested && !data_has_rival(session));
    if (kept > 0 && upload->request.base != STORE_ALL)
        note_failure(session, upload);
    if (kept < 0 && upload->store.taken && !upload->request.hidden && code == 426)
        code = 550;
    tell_pardon(session, upload, verdict->word, code, verdict->pardon);
    return reply_told(session, code, "%s: %s%s", failed, verdict->reason,
                      kept > 0 ? "; it can be resumed" : "");
}

/* A local error once bytes have come. */
static int fail_late(struct session *session, struct upload *upload, int error) {
    tell(session, upload, error_word(error), code_of(session, error, REPLY_LATE));
    forget_failure(session, upload);
    return reply_error(session, upload, error, REPLY_LATE);
}

/* The same while the transaction is not over. */
static int fail_locally(struct session *session, struct upload *upload, int error) {
    (void)keep(session, upload, false);
    return fail_late(session, upload, error);
}

/* It has been published, or that has failed: says which. */
static int conclude(struct session *session, struct upload *upload, const char *word, int error) {
    if (error < 0)
        return fail_late(session, upload, error);
    upload->stored = true;
    sum_note(session, upload);
    uploads_count(&session->uploads, upload->result.received);
    forget_failure(session, upload);
    note_name(session, upload);
    update_path(upload);
    note_own(session, upload);
    tell(session, upload, word, 226);
    return reply_progress(session, upload, 226, "File uploaded successfully");
}

/* The gate refuses it: nothing is kept. said: by its program, or "". */
static int turn_away(struct session *session, struct upload *upload, const char *said) {
    tell(session, upload, "gate", 550);
    forget_failure(session, upload);
    store_abort(&upload->store);
    return reply_send(session, 550, "%s: %s", failed, *said ? said : "it was refused");
}

/* It is to be sent again later: resumed, if it can be. If it cannot, no client must try to. */
static int put_off_client(struct session *session, struct upload *upload, const char *word,
                          const char *said) {
    int kept = keep(session, upload, true), code = kept > 0 ? 451 : 550;
    forget_failure(session, upload);
    if (kept > 0 && upload->request.base != STORE_ALL)
        note_failure(session, upload);
    tell(session, upload, word, code);
    if (kept > 0 && !pipeline_waits(&session->pipeline))
        (void)watch_until(session, clock_us() + LATER_TIME);
    return reply_send(session, code, "%s: %s%s", failed, *said ? said : "not now",
                      kept > 0 ? "; try again later" : "");
}

/* The event that is to tell of it cannot be written. */
static int lack_event(struct session *session, struct upload *upload) {
    tell_lost(session, upload->path, upload->store.untold);
    return put_off_client(session, upload, "untold", "its event cannot be written now");
}

/* It may have its name. */
static int publish(struct session *session, struct upload *upload, const char *word) {
    if (store_announce(&upload->store, true) < 0)
        return lack_event(session, upload);
    return conclude(session, upload, word, store_publish(&upload->store));
}

/* The gate's program has failed. */
static int do_without_answer(struct session *session, struct upload *upload, const char *word,
                             const char *why) {
    bool publishes = session->given->config->gate_failure_publishes;
    char text[GATE_SAID + 64];
    (void)snprintf(text, sizeof(text), "The gate has failed: %s: %s", why,
                   publishes ? "published without it" : "not published");
    tell_file(session, EVENT_GATE_BROKEN, text, upload->path);
    return publishes ? publish(session, upload, word)
                     : put_off_client(session, upload, later, "it cannot be checked now");
}

/* The upload is whole, and the gate has answered. */
static int decide(struct session *session, struct upload *upload, const char *word,
                  const struct gate_answer *answer) {
    switch ((enum gate_outcome)answer->outcome) {
    case GATE_OPEN:
        return publish(session, upload, word);
    case GATE_CLOSED:
        return turn_away(session, upload, answer->said);
    case GATE_LATER:
        return put_off_client(session, upload, later, answer->said);
    default:
        return do_without_answer(session, upload, word, answer->said);
    }
}

/* Brings the bytes to the disk while the gate's program reads them. Returns 0, or a negative
 * errno. */
static int secure_bytes(struct session *session, struct upload *upload, const char *word,
                        struct admission *admission) {
    int error = store_prepare(&upload->store);
    if (error < 0)
        return error;
    admit_ask(session, upload, word, admission);
    error = store_sync(&upload->store);
    return error < 0 ? error : admit_await(session, upload, admission);
}

/* Publishes or drops what arrived, and says which. */
static int finish(struct session *session, struct upload *upload) {
    struct admission admission = {0};
    if (upload->result.end == COPY_FAILED)
        return fail_locally(session, upload, upload->result.error);
    receive_look(&upload->job);
    const struct verdict *verdict = judge(session, upload);
    int error = verdict->reason ? 0 : secure_bytes(session, upload, verdict->word, &admission);
    if (error < 0)
        admit_call_off(session, &admission);
    if (error == -ESHUTDOWN)
        return reply_verdict(session, upload, &receive_stopped);
    if (error < 0)
        return fail_locally(session, upload, error);
    if (!verdict->reason) /* once more, for meanwhile the client may have vanished */
        verdict = receive_confirm(&upload->job, &upload->result, verdict);
    if (verdict->reason)
        return reply_verdict(session, upload, verdict);
    return decide(session, upload, verdict->word, &admission.answer);
}

static int no_connection(struct session *session, struct upload *upload, int error) {
    int code = error == -ESHUTDOWN ? 421 : error == -ECANCELED ? 426 : 425;
    const char *word = code == 421 ? "stopped" : code == 426 ? "aborted" : "no-connection";
    (void)keep(session, upload, true);
    tell(session, upload, word, code);
    tell_no_connection(session, upload->path, data_reason(session, error), code);
    if (error == -ESHUTDOWN)
        return reply_error(session, upload, error, REPLY_LATE);
    if (error == -ECANCELED)
        return reply_told(session, code, "%s: as you asked", failed);
    return reply_told(session, code, "Cannot open data connection: %s",
                      data_reason(session, error));
}

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
    const char *word = judge(session, upload)->word;
    bool untold = !item->is_over && item->result == -STORE_UNTOLD;
    int result = item->is_over ? conclude(session, upload, word, item->result)
                 : untold      ? lack_event(session, upload)
                               : fail_locally(session, upload, item->result);
    (void)session_begin_command(session, outer);
    return end(session, upload, result);
}

/* Is it whole, and does the client not wait for the reply? Not if old files make room: that is done
 * with one turn in hand, not with several. */
static bool may_wait(const struct session *session, const struct upload *upload) {
    bool pipelined = !session->line_alone || pipeline_waits(&session->pipeline);
    return pipelined && !upload->request.oldest && !admit_asks(session) && upload->job.is_inline &&
           upload->result.end == COPY_LIMIT && upload->request.base == STORE_NOTHING &&
           !judge(session, upload)->reason && pipeline_may_wait(session, upload->store.fd);
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
    note_name(session, upload);
    upload->begun = clock_seconds();
    if (!upload->job.is_inline)
        data_meet(session);
    int result =
        reply_progress(session, upload, 150, "File status okay; about to open data connection");
    if (upload->request.unique) {
        update_path(upload);
        memcpy(upload->asked, upload->path, sizeof(upload->asked));
    }
    if (result < 0) {
        tell(session, upload, "vanished", 0);
        (void)keep(session, upload, true);
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
        result = error < 0 ? no_connection(session, upload, error) : finish(session, upload);
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

/* What it has declared cannot be compared: nothing changes. */
static int refuse_declared(struct session *session, struct upload *upload) {
    static const char why[] = "its SHA-256 cannot be known beforehand: it adds to what is there";
    (void)keep(session, upload, true);
    return end(session, upload, reply_send(session, 550, "%s: %s", failed, why));
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
        return refuse_declared(session, upload);
    if (error == 0)
        return transfer(session, upload);
    int result = refuse(session, upload, error);
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
