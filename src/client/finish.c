#include "client/finish.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "client/ask.h"
#include "client/wire.h"

bool finish_is_needed(const struct session *session, const struct options *options) {
    bool is_temporary = options->temp && session->way != WAY_ALLO;
    return is_temporary || options->verify || options->times;
}

void finish_prefix(const char *target, const char *prefix, char *ret, size_t size) {
    const char *slash = strrchr(target, '/');
    const char *base = slash ? slash + 1 : target;
    (void)snprintf(ret, size, "%.*s%s%s", (int)(base - target), target, prefix, base);
}

void finish_temporary(const struct session *session, const struct options *options,
                      const struct job *job, char *ret, size_t size) {
    const char *prefix = options->temp && session->way != WAY_ALLO ? options->temp : "";
    finish_prefix(job->target, prefix, ret, size);
}

/* What was confirmed is not there: it is worth another try. */
static void tell_loss(struct job *job, struct failure *failure, const char *why) {
    job->is_stored = job->is_renamed = job->may_be_renamed = false;
    failure_set(failure, EX_TEMPFAIL, "%s", why);
}

/* After a reply that was lost, a refusal of RNFR can mean that it has its name already. As that is
 * not sure, it is sent once more. */
static bool rename_there(struct session *session, const char *from, struct job *job,
                         struct failure *failure) {
    struct control *control = &session->control;
    char before[512];
    bool is_ready = control_ask(control, "RNFR %s", from) == 350;
    int code = is_ready ? control_ask(control, "RNTO %s", job->target) : 0;
    if (code > 0 && code / 100 == 2) {
        wire_keep_reply(job, control);
        return job->is_renamed = true;
    }
    (void)snprintf(before, sizeof(before), "uploaded as %.400s, not renamed: ", from);
    control_explain(control, failure, before);
    if (!is_ready && job->may_be_renamed && control->reply.code / 100 == 5)
        tell_loss(job, failure, "it is not known whether it was renamed");
    job->may_be_renamed |= code < 0;
    return false;
}

static bool verify_size(struct session *session, const char *name, struct job *job,
                        struct failure *failure) {
    off_t there = ask_size(session, name);
    if (there >= 0 && there == job->bytes)
        return true;
    if (job->bytes < 0)
        failure_ours(failure, EX_NOINPUT, "its size is not known, and cannot be verified");
    else if (there >= 0)
        tell_loss(job, failure, "the server has another size than was sent");
    else
        control_explain(&session->control, failure, "SIZE: ");
    return false;
}

static bool verify_digest(struct session *session, const char *name, struct job *job,
                          struct failure *failure) {
    char theirs[ASK_DIGEST_SIZE], ours[ASK_DIGEST_SIZE];
    if (*job->declared) { /* the server has compared it */
        (void)snprintf(job->digest, sizeof(job->digest), "SHA256:%s", job->declared);
        return true;
    }
    if (!*session->features.hash) {
        failure_set(failure, FAILURE_OTHER, "stored, not verified: the server gives no digests");
        return false;
    }
    if (!ask_digest(session, name, theirs)) {
        control_explain(&session->control, failure, "digest: ");
        return false;
    }
    if (!ask_own_digest(session, job, job->bytes, ours)) {
        failure_ours(failure, EX_NOINPUT, "stored, not verified: it is not as it was any more");
        return false;
    }
    if (strcmp(ours, theirs) != 0) {
        tell_loss(job, failure, "the server has another digest than was sent");
        return false;
    }
    (void)snprintf(job->digest, sizeof(job->digest), "%s:%s", session->features.hash, ours);
    return true;
}

/* MFMT, draft-somers-ftp-mfxx */
static bool set_time(struct session *session, const char *name, const struct job *job,
                     struct failure *failure) {
    struct tm when;
    char text[32];
    if (!job->is_plain)
        return true;
    if (!gmtime_r(&job->was.changed.tv_sec, &when) ||
        strftime(text, sizeof(text), "%Y%m%d%H%M%S", &when) == 0) {
        failure_ours(failure, FAILURE_OTHER, "stored, its time not set: it is out of range");
        return false;
    }
    int code = control_ask(&session->control, "MFMT %s %s", text, name);
    if (code > 0 && code / 100 == 2)
        return true;
    control_explain(&session->control, failure, "stored, its time not set: ");
    return false;
}

bool finish_file(struct session *session, const struct options *options, struct job *job,
                 const char *name, struct failure *failure) {
    char other[WIRE_NAME_SIZE];
    failure_clear(failure);
    const char *there = wire_other_name(job, name, other, sizeof(other)) ? other : name;
    if (strcmp(name, job->target) != 0) {
        if (!job->is_renamed && !rename_there(session, there, job, failure))
            return false;
        there = wire_other_name(job, job->target, other, sizeof(other)) ? other : job->target;
    }
    if (options->verify && strcmp(options->verify, "size") == 0 &&
        !verify_size(session, there, job, failure))
        return false;
    if (options->verify && strcmp(options->verify, "hash") == 0 &&
        !verify_digest(session, there, job, failure))
        return false;
    return !options->times || set_time(session, there, job, failure);
}
