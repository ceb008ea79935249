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

void finish_temporary(const struct session *session, const struct options *options,
                      const struct job *job, char *ret, size_t size) {
    const char *slash = strrchr(job->target, '/');
    const char *base = slash ? slash + 1 : job->target;
    const char *prefix = options->temp && session->way != WAY_ALLO ? options->temp : "";
    (void)snprintf(ret, size, "%.*s%s%s", (int)(base - job->target), job->target, prefix, base);
}

static bool rename_there(struct session *session, const char *from, const char *to,
                         struct failure *failure) {
    struct control *control = &session->control;
    char sent[WIRE_NAME_SIZE];
    bool good = wire_name(from, sent, failure) && control_ask(control, "RNFR %s", sent) == 350 &&
                wire_name(to, sent, failure) && control_ask(control, "RNTO %s", sent) / 100 == 2 &&
                control->reply.code > 0;
    char before[512];
    (void)snprintf(before, sizeof(before), "uploaded as %.400s, not renamed: ", from);
    if (!good && !failure->status)
        control_explain(control, failure, before);
    return good;
}

/* A server that has something else than we have sent. It may be worth another try. */
static void tell_difference(struct failure *failure, const char *what) {
    failure_set(failure, EX_TEMPFAIL, "the server has another %s than was sent", what);
}

static bool verify_size(struct session *session, const struct job *job, struct failure *failure) {
    off_t there = ask_size(session, job->target);
    if (there >= 0 && there == job->bytes)
        return true;
    if (job->bytes < 0)
        failure_ours(failure, EX_NOINPUT, "its size is not known, and cannot be verified");
    else if (there >= 0)
        tell_difference(failure, "size");
    else
        control_explain(&session->control, failure, "SIZE: ");
    return false;
}

static bool verify_digest(struct session *session, struct job *job, struct failure *failure) {
    char theirs[ASK_DIGEST_SIZE], ours[ASK_DIGEST_SIZE];
    if (!*session->features.hash) {
        failure_set(failure, FAILURE_OTHER, "stored, not verified: the server gives no digests");
        return false;
    }
    if (!ask_digest(session, job->target, theirs)) {
        control_explain(&session->control, failure, "digest: ");
        return false;
    }
    if (!ask_own_digest(session, job, job->bytes, ours)) {
        failure_ours(failure, EX_NOINPUT, "stored, not verified: it is not as it was any more");
        return false;
    }
    if (strcmp(ours, theirs) != 0) {
        tell_difference(failure, "digest");
        return false;
    }
    (void)snprintf(job->digest, sizeof(job->digest), "%s:%s", session->features.hash, ours);
    return true;
}

/* MFMT, draft-somers-ftp-mfxx */
static bool set_time(struct session *session, const struct job *job, struct failure *failure) {
    struct tm when;
    char text[32], sent[WIRE_NAME_SIZE];
    if (!job->is_plain)
        return true;
    if (!gmtime_r(&job->was.changed.tv_sec, &when) ||
        strftime(text, sizeof(text), "%Y%m%d%H%M%S", &when) == 0 ||
        !wire_name(job->target, sent, failure))
        return false;
    int code = control_ask(&session->control, "MFMT %s %s", text, sent);
    if (code > 0 && code / 100 == 2)
        return true;
    control_explain(&session->control, failure, "stored, its time not set: ");
    return false;
}

bool finish_file(struct session *session, const struct options *options, struct job *job,
                 const char *name, struct failure *failure) {
    failure_clear(failure);
    if (strcmp(name, job->target) != 0 && !rename_there(session, name, job->target, failure))
        return false;
    if (options->verify && strcmp(options->verify, "size") == 0 &&
        !verify_size(session, job, failure))
        return false;
    if (options->verify && strcmp(options->verify, "hash") == 0 &&
        !verify_digest(session, job, failure))
        return false;
    return !options->times || set_time(session, job, failure);
}
