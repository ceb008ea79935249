#include "client/run.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "client/after.h"
#include "client/finish.h"
#include "client/flight.h"
#include "client/place.h"
#include "client/say.h"
#include "client/upload.h"
#include "client/wire.h"

enum { BACKOFF_FIRST = 1000, BACKOFF_MOST = 60000 /* ms */ };

struct run {
    struct session *session;
    struct plan *plan;
    const struct options *options;
    enum report_style style;
    struct flight *flight;
    struct job *stored[FLIGHT_FILES]; /* by a flight, and not finished */
    size_t count;
};

/* ------------------------------------------------------------------ how a job comes to its end */

static void fail(struct run *run, struct job *job, const struct failure *failure) {
    job->state = JOB_FAILED;
    plan_note(run->plan, failure->status);
    report_failed(run->style, run->session, job, failure);
}

/* There is no session, and there will be none: the first one tells why, the others are counted. */
static void give_up(struct run *run, struct job *job, const struct failure *failure) {
    size_t others = 0;
    fail(run, job, failure);
    while ((job = plan_next(run->plan))) {
        job->state = JOB_FAILED;
        others += job->kind == JOB_FILE;
        if (run->style == REPORT_JSON)
            report_failed(run->style, run->session, job, failure);
    }
    if (others > 0)
        say_error("%zu more file%s: not sent", others, others == 1 ? "" : "s");
}

/* Waits before the next try: 1 s, then twice as long each time, between half of that and all of it
 * at random, so that many clients of a server that comes back do not come at once. */
static int back_off(unsigned tries) {
    uint16_t random = 0;
    int wait = BACKOFF_FIRST;
    for (; tries > 1 && wait < BACKOFF_MOST; tries--)
        wait = 2 * wait < BACKOFF_MOST ? 2 * wait : BACKOFF_MOST;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = 0;
    return wait / 2 + (int)((long long)wait / 2 * random / UINT16_MAX);
}

/* Standard input and pipes can be sent once. */
static bool can_be_repeated(const struct job *job) {
    return job->is_plain || job->is_stored || job->kind == JOB_FOLDER || job->sent == 0;
}

/* If what failed is only that nobody has logged in, puts the job back for a session where somebody
 * does. */
static bool logs_in_first(struct run *run, struct job *job, const struct failure *failure) {
    if (!failure->final || !can_be_repeated(job) || !session_can_log_in(run->session))
        return false;
    job->tries--;
    plan_put_back(run->plan, job);
    return true;
}

/* A try has failed: puts the job back for another one, or not. */
static void settle(struct run *run, struct job *job, const struct failure *failure) {
    if (logs_in_first(run, job, failure))
        return;
    if (failure->final) {
        give_up(run, job, failure);
        return;
    }
    if (!failure->passing || job->tries > (unsigned)run->options->retry || !can_be_repeated(job)) {
        fail(run, job, failure);
        return;
    }
    int wait = back_off(job->tries);
    report_retry(run->style, run->session, job, failure, wait);
    plan_put_back(run->plan, job);
    (void)poll(NULL, 0, wait);
}

/* The server has it. name: under which it was uploaded. */
static void finish(struct run *run, struct job *job, const char *name) {
    struct failure failure = {0};
    job->is_stored = true;
    if (finish_is_needed(run->session, run->options) && /* an upload may have ended the session */
        (!session_open(run->session, &failure) ||
         !finish_file(run->session, run->options, job, name, &failure))) {
        session_look(run->session);
        settle(run, job, &failure);
        return;
    }
    job->state = JOB_DONE;
    if (after_sent(run->options, job, &failure))
        report_stored(run->style, run->session, job);
    else
        fail(run, job, &failure);
}

/* ------------------------------------------------------------------------------ ways to it */

/* What has been stored by a flight that is over. */
static void finish_batch(struct run *run) {
    for (size_t i = 0; i < run->count; i++)
        finish(run, run->stored[i], run->stored[i]->target);
    run->count = 0;
}

/* Files, many at once. */
static void fly(struct run *run) {
    struct failure failure;
    struct job *job = flight_next(run->flight, &failure);
    if (job && failure.status == 0 && run->flight->in_batches)
        run->stored[run->count++] = job;
    else if (job && failure.status == 0)
        finish(run, job, job->target);
    if (!job || failure.status)
        finish_batch(run);
    if (job && failure.status)
        settle(run, job, &failure);
}

static void make_folder(struct run *run, struct job *job) {
    struct failure failure = {0};
    wire_begin(job);
    if (place_make(&run->session->control, job->target, &failure)) {
        job->state = JOB_DONE;
        return;
    }
    session_drop(run->session); /* it may be in another folder */
    settle(run, job, &failure);
}

/* One file; or what is still to be done after its upload, which is not repeated. */
static void upload(struct run *run, struct job *job) {
    struct failure failure = {0};
    char name[WIRE_NAME_SIZE];
    finish_temporary(run->session, run->options, job, name, sizeof(name));
    if (job->is_stored) {
        wire_begin(job);
        finish(run, job, name);
    } else if (upload_file(run->session, job, name, run->options->retry > 0, &failure)) {
        finish(run, job, name);
    } else {
        settle(run, job, &failure);
    }
}

static void open_for(struct run *run, struct job *job, const struct failure *failure) {
    wire_begin(job);
    if (logs_in_first(run, job, failure))
        return;
    if (failure->passing && job->tries <= (unsigned)run->options->retry)
        settle(run, job, failure);
    else
        give_up(run, job, failure);
}

/* One step of the work: at least one job comes nearer to its end. */
static void step(struct run *run, struct job *job) {
    struct failure failure;
    if (!session_open(run->session, &failure)) {
        open_for(run, job, &failure);
        return;
    }
    run->flight->in_batches = finish_is_needed(run->session, run->options);
    if (job->kind == JOB_FOLDER)
        make_folder(run, job);
    else if (run->session->way == WAY_ALLO && flight_takes(run->flight, job))
        fly(run);
    else
        upload(run, job);
}

/* What is known to fail is told first, and needs no server. */
static void fail_unreadable(struct run *run) {
    for (size_t i = 0; i < run->plan->count; i++) {
        struct job *job = &run->plan->jobs[i];
        struct failure failure = {0};
        if (!job->error || job->state != JOB_WAITING)
            continue;
        failure_ours(&failure, EX_NOINPUT, "%s%s", strerror(job->error),
                     job->error == EISDIR ? " (-r sends folders)" : "");
        fail(run, job, &failure);
    }
}

void run_all(struct session *session, struct plan *plan, const struct options *options,
             enum report_style style) {
    static struct flight flight;
    struct run run = {
        .session = session, .plan = plan, .options = options, .style = style, .flight = &flight};
    struct job *job;
    flight.session = session;
    flight.plan = plan;
    flight.resumes = options->retry > 0;
    flight.spools = options->program != NULL;
    fail_unreadable(&run);
    while ((job = plan_next(plan)) || flight.count > 0 || run.count > 0) {
        if (flight.count > 0 || (!job && run.count > 0))
            fly(&run);
        else
            step(&run, job);
    }
    for (size_t i = plan->count; i-- > 0;)
        if (plan->jobs[i].kind == JOB_FOLDER && !after_folder(options, &plan->jobs[i]))
            plan->unsent++;
    session_end(session);
}
