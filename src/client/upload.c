#include "client/upload.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/await.h"
#include "client/data.h"
#include "client/declare.h"
#include "client/login.h"
#include "client/outgoing.h"
#include "client/progress.h"
#include "client/resume.h"
#include "client/send.h"
#include "client/source.h"
#include "client/wire.h"

/* One try. */
struct try {
    struct session *session;
    struct job *job;
    struct source *source;
    const char *name;
    off_t offset;                /* where it begins */
    char declares[DECLARE_SIZE]; /* a command before the upload's own; or "" */
    struct failure *failure;
};

static struct control *control_of(const struct try *try) {
    return &try->session->control;
}

/* Takes the final reply of an upload. True: the server has the file. */
static bool confirm(const struct try *try, enum sent sent) {
    struct control *control = control_of(try);
    int code = control_get_final_reply(control);
    wire_keep_reply(try->job, control);
    if (try->failure->status && (try->failure->ours || code / 100 == 2))
        return false; /* that says more */
    if (sent == SENT_ALL && (code == 226 || code == 250))
        return true;
    control_explain(control, try->failure, "");
    if (sent != SENT_ALL && code / 100 == 2) {
        failure_set(try->failure, EX_PROTOCOL, "the server did not wait for all of it: %s",
                    try->job->reply);
        try->failure->passing = true; /* what it took for the end may have been a broken network */
    }
    return false;
}

/* Sends the command that declares the digest. True: it was taken, or there is none. */
static bool declare(const struct try *try) {
    return !*try->declares || control_ask(control_of(try), "%s", try->declares) / 100 == 2;
}

/* Uploads over the control connection, up to its end, and so the session's. A refusal is answered
 * by a reset. */
static bool send_inline(const struct try *try) {
    struct control *control = control_of(try);
    enum sent sent = SENT_SHORT;
    bool stored = false;
    outgoing_end_by_reset(&control->conn, true);
    if (declare(try) && control_ask(control, "STOR %s", try->name) / 100 == 1)
        sent = send_source(control, &control->conn, try->source, true, try->failure);
    else
        control_explain(control, try->failure, "");
    if (sent != SENT_SHORT)
        stored = confirm(try, sent);
    session_drop(try->session);
    return stored;
}

/*
 * Waits until the server has ended its side of a data connection, too, or replies: if we closed it
 * with unread bytes, such as tickets, that would be a reset, which can overtake the last bytes.
 * Does not wait for a server that keeps sending.
 */
static void await_end(struct control *control, struct conn *data) {
    char unwanted[1024];
    (void)shutdown(data->out, SHUT_WR); /* for servers that wait for it */
    control_begin_wait(control);
    for (int i = 0; i < 100; i++) {
        ssize_t n = conn_read(data, unwanted, sizeof(unwanted));
        struct pollfd fds[] = {outgoing_to_read(data), outgoing_to_read(&control->conn)};
        if (n > 0)
            continue;
        if (n != -EAGAIN || conn_has_more(&control->conn))
            return;
        if (await_poll(fds, 2, control_left(control)) <= 0 || fds[1].revents)
            return;
    }
}

/* Sends the commands of an upload over a data connection: REST, where that is refused APPE (RFC
 * 959, 4.1.3). Returns whether the server waits for the bytes. */
static bool begin_over_data(const struct try *try) {
    struct control *control = control_of(try);
    const char *verb = "STOR";
    if (try->offset > 0 && control_ask(control, "REST %jd", (intmax_t)try->offset) != 350)
        verb = "APPE";
    if (control->reply.code > 0 && control->reply.code != 421 && declare(try) &&
        control_ask(control, "%s %s", verb, try->name) / 100 == 1)
        return true;
    control_explain(control, try->failure, "");
    return false;
}

/* Uploads over a data connection, and closes it. */
static bool send_over_data(const struct try *try, struct conn *data) {
    struct session *session = try->session;
    struct control *control = control_of(try);
    enum sent sent = SENT_STOPPED;
    outgoing_end_by_reset(data, true);
    if (!begin_over_data(try)) {
        outgoing_close(data);
        return false;
    }
    if (data_join(session, data, try->failure)) {
        outgoing_end_by_reset(data, true);
        if (session->context && outgoing_secure(data, session->context, &control->conn) < 0)
            failure_ours(try->failure, FAILURE_OTHER, "%s", strerror(ENOMEM));
        else
            sent = send_source(control, data, try->source, session->context, try->failure);
    }
    if (sent == SENT_ALL && data->tls)
        await_end(control, data);
    outgoing_close(data);
    return confirm(try, sent);
}

/* Uploads in the way that this server knows. True: the server has the file. */
static bool send_by_way(const struct try *try) {
    struct session *session = try->session;
    struct conn data = {.in = -1};
    if (session->way == WAY_EPSV || session->way == WAY_PASV) {
        if (data_open(session, &data, try->failure))
            return send_over_data(try, &data);
    }
    if (session->way != WAY_ALLO && session->way != WAY_PLAIN)
        return false;
    failure_clear(try->failure);
    return send_inline(try);
}

/* Gives the account, if that is what the server wants before it stores anything (RFC 959, 5.4: 532;
 * some say 332). Returns whether the upload is to be asked for again. */
static bool give_account(const struct try *try) {
    struct session *session = try->session;
    int code = session->control.reply.code;
    bool has_begun = try->source->left != try->source->size - try->offset || try->source->began;
    if ((code != 332 && code != 532) || session->gave_account || has_begun || !session->ordinary)
        return false;
    session->gave_account = true;
    code = login_account(&session->control, &session->secret, try->failure);
    if (code != 0)
        control_explain(&session->control, try->failure, "ACCT: ");
    return code > 0 && code / 100 == 2;
}

bool upload_file(struct session *session, struct job *job, const char *name, bool resumes,
                 struct failure *failure) {
    static struct source source;
    struct try try = {
        .session = session, .job = job, .source = &source, .name = name, .failure = failure};
    failure_clear(failure);
    wire_begin(job);
    if (!source_open(&source, job, false, failure))
        return false;
    if (resumes && session->ordinary) {
        try.offset = resume_offset(session, job, name, &source);
        resume_look(session, job, name, &source);
    }
    declare_command(session, job, &source, try.offset, try.declares);
    progress_file(job->source, source.size);
    bool good = source_seek(&source, try.offset, failure);
    bool stored = good && (send_by_way(&try) || (give_account(&try) && send_by_way(&try)));
    wire_note_sent(job, &source);
    if (stored && job->bytes < 0)
        job->bytes = source.sent;
    source_close(&source);
    session_look(session);
    return stored;
}
