#include "verbs/outcome.h"

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
#include "verbs/naming.h"
#include "verbs/sum.h"

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

int outcome_refuse(struct session *session, struct upload *upload, int error) {
    if (!find_word(error) && !reply_is_ours(session, error))
        return reply_error(session, upload, error, REPLY_USUAL);
    tell_refused(session, EVENT_UPLOAD_FAILED, error_word(error),
                 code_of(session, error, REPLY_TOLD), failed);
    return reply_error(session, upload, error, REPLY_TOLD);
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

/* Remembers how much came of an upload that was interrupted, if it was kept. */
static void note_kept(struct session *session, const struct upload *upload, int kept) {
    if (kept <= 0 || upload->request.base == STORE_ALL)
        return;
    uint64_t before = upload->request.hidden && !upload->store.resumed ? 0 : upload->store.kept;
    retry_note(&session->retry, upload->asked, before + upload->result.received);
}

/* lftp 4.9.2, when it retries in the same session, often sends only the end of the file, closes the
 * connection as if it had sent all of it, and believes the 226. So an upload shorter than what is
 * kept of the first try is refused, once: a client that sends it again means it. */
static bool has_shrunk(const struct session *session, const struct upload *upload) {
    return !upload->job.announced && upload->store.base == STORE_NOTHING &&
           !upload->store.resumed &&
           retry_had_more(&session->retry, upload->asked, upload->result.received);
}

const struct verdict *outcome_judge(const struct session *session, const struct upload *upload) {
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
    note_kept(session, upload, kept);
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
    naming_note(session, upload);
    naming_update(upload);
    note_own(session, upload);
    tell(session, upload, word, 226);
    return naming_reply(session, upload, 226, "File uploaded successfully");
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
    note_kept(session, upload, kept);
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

int outcome_finish(struct session *session, struct upload *upload) {
    struct admission admission = {0};
    if (upload->result.end == COPY_FAILED)
        return fail_locally(session, upload, upload->result.error);
    receive_look(&upload->job);
    const struct verdict *verdict = outcome_judge(session, upload);
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

int outcome_lack_connection(struct session *session, struct upload *upload, int error) {
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

int outcome_refuse_declared(struct session *session, struct upload *upload) {
    static const char why[] = "its SHA-256 cannot be known beforehand: it adds to what is there";
    (void)keep(session, upload, true);
    return reply_send(session, 550, "%s: %s", failed, why);
}

void outcome_vanish(struct session *session, struct upload *upload) {
    tell(session, upload, "vanished", 0);
    (void)keep(session, upload, true);
}

int outcome_finish_late(struct session *session, struct upload *upload,
                        const struct batch_item *item) {
    if (item->is_over)
        return conclude(session, upload, outcome_judge(session, upload)->word, item->result);
    return item->result == -STORE_UNTOLD ? lack_event(session, upload)
                                         : fail_locally(session, upload, item->result);
}
