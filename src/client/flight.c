#include "client/flight.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/await.h"
#include "client/declare.h"
#include "client/limit.h"
#include "client/progress.h"
#include "client/resume.h"
#include "client/send.h"
#include "client/wire.h"

enum { COMMANDS_SIZE = 2 * WIRE_NAME_SIZE + 128 + DECLARE_SIZE };

bool flight_takes(const struct flight *flight, const struct job *job) {
    if (job->kind != JOB_FILE || job->is_stored)
        return false;
    return flight->spools || !job->may_lack_size ||
           (strcmp(job->source, "-") != 0 && wire_is_empty(job->source));
}

static struct flying *head_of(struct flight *flight) {
    return &flight->ring[flight->head];
}

/* The one at the head has come to its end. */
static struct job *pop(struct flight *flight) {
    struct flying *flying = head_of(flight);
    if (flying->job == flight->reading) {
        source_close(&flight->source);
        flight->reading = NULL;
    }
    flight->bytes -= flying->bytes;
    flight->head = (flight->head + 1) % FLIGHT_FILES;
    if (--flight->count == 0)
        outgoing_end_by_reset(&flight->session->control.conn, false);
    return flying->job;
}

/* Takes the last one out of flight again. */
static struct job *retract(struct flight *flight) {
    size_t last = (flight->head + --flight->count) % FLIGHT_FILES;
    source_close(&flight->source);
    flight->reading = NULL;
    flight->bytes -= flight->ring[last].bytes;
    if (flight->count == 0)
        outgoing_end_by_reset(&flight->session->control.conn, false);
    return flight->ring[last].job;
}

/* The session has come to its end with the one at the head; the others go back. */
static struct job *crash(struct flight *flight) {
    struct job *job = pop(flight);
    while (flight->count > 0) {
        struct job *other = pop(flight);
        other->tries--; /* this was not its fault */
        plan_put_back(flight->plan, other);
    }
    outgoing_end_by_reset(&flight->session->control.conn, true);
    session_drop(flight->session);
    flight->start = flight->end = 0;
    flight->window = 1;
    flight->closed = false;
    failure_clear(&flight->broken);
    return job;
}

/* --------------------------------------------------------------------------- replies */

/* What a reply means for the one that it is for. Returns whether it is what was due. */
static bool is_due(struct flight *flight, struct flying *flying, int code) {
    switch (flying->due) {
    case DUE_SITE:
        flying->due = DUE_ALLO;
        return code == 200;
    case DUE_REST:
        flying->due = DUE_ALLO;
        return code == 350;
    case DUE_ALLO:
        flying->due = DUE_STOR;
        return code == 200 || code == 202;
    case DUE_STOR:
        flying->due = DUE_FINAL;
        return code / 100 == 1;
    case DUE_FINAL:
    default:
        return control_goes_on(&flight->session->control) || code == 226 || code == 250;
    }
}

/* Takes one reply. Returns the job that came to its end by it, or NULL. */
static struct job *take_reply(struct flight *flight, struct failure *failure) {
    struct control *control = &flight->session->control;
    struct flying *flying = head_of(flight);
    bool was_final = flying->due == DUE_FINAL;
    bool is_good = is_due(flight, flying, control->reply.code);
    bool is_early =
        is_good && was_final && control->reply.code / 100 == 2 && flight->written < flying->end;
    if (is_good && !is_early && (!was_final || control->reply.code / 100 == 1))
        return NULL;
    wire_keep_reply(flying->job, control);
    control->preliminary = 0;
    control_explain(control, failure, "");
    if (is_early)
        failure_set(failure, EX_PROTOCOL, "the server did not wait for all of it: %s",
                    flying->job->reply);
    if (!is_good || is_early)
        return crash(flight);
    failure_clear(failure);
    flight->window = flight->window < FLIGHT_FILES / 2 ? flight->window * 2 : FLIGHT_FILES;
    flight->closed |= flight->in_batches;
    return pop(flight);
}

/* Takes all replies that have come. Returns as take_reply. */
static struct job *take_replies(struct flight *flight, struct failure *failure) {
    struct control *control = &flight->session->control;
    while (flight->count > 0 && control_take_reply(control)) {
        struct job *job = take_reply(flight, failure);
        reply_reset(&control->reply);
        control_begin_wait(control);
        if (job)
            return job;
    }
    return NULL;
}

/* --------------------------------------------------------------------------- sending */

/* Writes what is in the buffer, as far as it goes. Returns whether that was anything. */
static bool write_out(struct flight *flight) {
    struct control *control = &flight->session->control;
    int wait;
    size_t allowed = limit_allows(flight->end - flight->start, &wait);
    ssize_t n = allowed ? outgoing_write(&control->conn, flight->out + flight->start, allowed) : 0;
    if (n <= 0)
        return false; /* if the connection is lost, reading tells */
    limit_spend((size_t)n);
    progress_add((size_t)n);
    control_begin_wait(control);
    flight->start += (size_t)n;
    flight->written += (unsigned long long)n;
    if (flight->start == flight->end)
        flight->start = flight->end = 0;
    return true;
}

/* All bytes of the last one in flight are under way, or in `out`. */
static void end_reading(struct flight *flight) {
    size_t last = (flight->head + flight->count - 1) % FLIGHT_FILES;
    flight->ring[last].end = flight->written + (flight->end - flight->start);
    source_close(&flight->source);
    flight->reading = NULL;
}

/* Sends the bytes of the large one, after its 150. Returns it if it came to its end by that. */
static struct job *send_large(struct flight *flight, struct failure *failure) {
    struct control *control = &flight->session->control;
    struct job *job = flight->reading;
    enum sent sent = send_source(control, &control->conn, &flight->source, false, failure);
    wire_note_sent(job, &flight->source);
    outgoing_end_by_reset(&control->conn, true);
    if (sent == SENT_SHORT)
        return crash(flight);
    if (sent == SENT_ALL) {
        reply_reset(&control->reply);
        end_reading(flight);
        return NULL;
    }
    if (!control->early)
        (void)control_get_final_reply(control);
    control->early = false;
    return take_reply(flight, failure);
}

/* Reads one more piece behind what is in `out`. Returns as read(2); 0 with a failure. */
static ssize_t read_piece(struct flight *flight, struct failure *failure) {
    struct source *source = &flight->source;
    size_t room = FLIGHT_BUFFER - flight->end;
    size_t most = (unsigned long long)source->left < room ? (size_t)source->left : room;
    ssize_t n = read(source->fd, flight->out + flight->end, most);
    if (n < 0)
        failure_ours(failure, EX_NOINPUT, "cannot read: %s", strerror(errno));
    if (n == 0)
        failure_ours(failure, EX_NOINPUT, "became shorter while it was sent");
    return n > 0 ? n : 0;
}

/* Reads as much as there is room for. The end of a file is only added after a last look at it:
 * without that the server knows that it is not complete. False: see the failure. */
static bool fill(struct flight *flight, struct failure *failure) {
    struct source *source = &flight->source;
    while (source->left > 0 && flight->end < FLIGHT_BUFFER) {
        ssize_t n = read_piece(flight, failure);
        if (n == 0 || (n == source->left && !source_is_same(source, failure)))
            return false;
        flight->end += (size_t)n;
        source->left -= n;
    }
    if (source->size == 0 && !source_is_same(source, failure))
        return false;
    wire_note_sent(flight->reading, source);
    if (source->left == 0)
        end_reading(flight);
    return true;
}

/* ----------------------------------------------------------------------- what comes next */

/* Makes room for the next file's commands and some bytes. */
static bool has_room(struct flight *flight) {
    size_t used = flight->end - flight->start;
    if (used + COMMANDS_SIZE > FLIGHT_BUFFER / 2)
        return false;
    memmove(flight->out, flight->out + flight->start, used);
    flight->start = 0;
    flight->end = used;
    return true;
}

/* Puts the commands into the buffer; declares: the first one, or "", as it is if there is an
 * offset. Returns the first reply that is due. */
static enum due put_commands(struct flight *flight, const char *declares, const char *name,
                             off_t offset, off_t size) {
    char *to = flight->out + flight->end;
    int n = offset > 0 ? snprintf(to, COMMANDS_SIZE, "REST %jd\r\n", (intmax_t)offset) : 0;
    n += snprintf(to + n, COMMANDS_SIZE - (size_t)n, "%s%s", declares, *declares ? "\r\n" : "");
    n += snprintf(to + n, COMMANDS_SIZE - (size_t)n, "ALLO %jd\r\nSTOR %s\r\n", (intmax_t)size,
                  name);
    flight->end += (size_t)n;
    if (*declares)
        return DUE_SITE;
    return offset > 0 ? DUE_REST : DUE_ALLO;
}

/* From now on replies are about files in flight. */
static void begin_flight(struct control *control) {
    reply_reset(&control->reply);
    control_begin_wait(control);
    outgoing_end_by_reset(&control->conn, true);
}

/* Puts it into flight: the source is open. Returns the job if it came to its end by that. */
static struct job *take_off(struct flight *flight, struct job *job, struct failure *failure) {
    struct source *source = &flight->source;
    char name[WIRE_NAME_SIZE], declares[DECLARE_SIZE];
    off_t offset = flight->resumes && flight->count == 0
                       ? resume_offset(flight->session, job, job->target, source)
                       : 0;
    if (flight->resumes && flight->count == 0)
        resume_look(flight->session, job, job->target, source);
    bool good = control_encode(name, sizeof(name), job->target) > 0;
    if (!good)
        failure_ours(failure, FAILURE_OTHER, "the name is too long");
    good = good && source_seek(source, offset, failure);
    declare_command(flight->session, job, source, offset, declares);
    size_t before = flight->end;
    if (flight->count++ == 0)
        begin_flight(&flight->session->control);
    flight->ring[(flight->head + flight->count - 1) % FLIGHT_FILES] =
        (struct flying){.job = job,
                        .due = put_commands(flight, declares, name, offset, source->size - offset),
                        .bytes = source->size,
                        .end = ULLONG_MAX};
    flight->bytes += source->size;
    flight->reading = job;
    flight->waits = source->size > FLIGHT_SMALL;
    progress_file(job->source, source->size);
    if (good && (flight->waits || fill(flight, failure)))
        return NULL;
    flight->end = before; /* as if it had never been */
    return retract(flight);
}

/* Tells whether something is to be asked about it first, which can only be done when nothing is in
 * flight. */
static bool wants_to_ask(const struct flight *flight, const struct job *job) {
    return job->tries > 0 || (flight->resumes && job->bytes >= RESUME_LEAST);
}

/* The next one, if there is room for it in flight. Returns it if it came to its end at once. */
static struct job *load(struct flight *flight, struct failure *failure, bool *ret_loaded) {
    struct control *control = &flight->session->control;
    struct job *job = plan_next(flight->plan);
    *ret_loaded = false;
    if (!job || flight->reading || flight->closed || flight->count >= flight->window ||
        !flight_takes(flight, job) || (flight->count > 0 && wants_to_ask(flight, job)) ||
        (flight->count > 0 && flight->bytes >= FLIGHT_BYTES) || !has_room(flight))
        return NULL;
    wire_begin(job);
    if (flight->count == 0 && !control_drop_unasked(control)) {
        control_explain(control, failure, "");
        session_drop(flight->session);
        return job;
    }
    *ret_loaded = true;
    if (!source_open(&flight->source, job, flight->spools, failure))
        return job;
    return take_off(flight, job, failure);
}

/* What it was that did not come in time. */
static const char *stall_of(const struct control *control, bool has_bytes) {
    if (has_bytes)
        return "the server takes no more bytes";
    bool has_begun = control->reply.received > 0 || control->length > 0;
    return has_begun ? "the server does not end its reply" : "the server does not answer";
}

/* Waits for whatever comes first. */
static void await(struct flight *flight) {
    struct control *control = &flight->session->control;
    struct pollfd fds[] = {outgoing_to_read(&control->conn), {.fd = -1}};
    bool more = conn_has_more(&control->conn);
    int wait = 0, left = control_left(control);
    bool has_bytes = flight->start < flight->end;
    if (has_bytes && limit_allows(1, &wait) > 0)
        fds[1] = outgoing_to_write(&control->conn);
    int timeout = has_bytes && wait > 0 && wait < left ? wait : left;
    int events = await_poll(fds, 2, more ? 0 : timeout);
    if (more || fds[0].revents)
        control_receive(control);
    else if (events <= 0 && timeout >= left)
        control_stall(control, stall_of(control, has_bytes));
}

/* The server has ended the session: what it said last, or why there is nothing. */
static struct job *hear_last_words(struct flight *flight, struct failure *failure) {
    (void)control_get_final_reply(&flight->session->control);
    return take_reply(flight, failure);
}

/* Puts into flight, and into the buffer, what there is room for. Returns a job that came to its end
 * by that. */
static struct job *advance(struct flight *flight, struct failure *failure, bool *ret_moved) {
    bool loaded = true;
    size_t before;
    *ret_moved = false;
    while (loaded && !flight->reading) {
        struct job *job = load(flight, failure, &loaded);
        *ret_moved |= loaded;
        if (job)
            return job;
    }
    if (!flight->reading || flight->waits || flight->broken.status)
        return NULL;
    (void)has_room(flight);
    before = flight->end;
    (void)fill(flight, &flight->broken);
    *ret_moved |= flight->end > before;
    return NULL;
}

/* What the one at the head, which is being read, comes to: it may be large, and have its 150; or
 * reading it has failed, and all before it have come to their ends. */
static struct job *attend(struct flight *flight, struct failure *failure, bool *ret_moved) {
    const struct flying *flying = head_of(flight);
    if (flying->job != flight->reading)
        return NULL;
    if (flight->broken.status) {
        *failure = flight->broken;
        return crash(flight);
    }
    if (!flight->waits || flying->due != DUE_FINAL)
        return NULL;
    *ret_moved = true;
    return send_large(flight, failure);
}

struct job *flight_next(struct flight *flight, struct failure *failure) {
    struct job *job;
    bool moved;
    failure_clear(failure);
    if (flight->window == 0)
        flight->window = FLIGHT_FILES;
    for (;;) {
        if ((job = take_replies(flight, failure)))
            return job;
        if (flight->count > 0 && flight->session->control.ended)
            return hear_last_words(flight, failure);
        if ((job = advance(flight, failure, &moved)))
            return job;
        if (flight->count == 0)
            break;
        if (flight->start < flight->end)
            moved |= write_out(flight);
        if ((job = attend(flight, failure, &moved)))
            return job;
        if (!moved)
            await(flight);
    }
    flight->closed = false;
    return NULL;
}
