#include "session/session.h"

#include <string.h>

#include "base/clock.h"
#include "session/quota.h"

void session_reset(struct session *session) {
    const struct session_parts *given = session->given;
    parameters_reset(&session->parameters, given->config->default_ascii);
    names_reset(&session->names);
    data_forget(&session->data);
    secure_reset(session);
    place_reset(&session->place);
    retry_reset(&session->retry);
    view_reset(session);
    oldest_forget(&session->oldest);
    digests_reset(&session->digests, given->config->checksum);
    who_reset(&session->who, given->config, given->peer, !secure_is_missing(session));
    log_set_user(given->log, NULL);
    doing_begin(session);
}

void session_init(struct session *session, const struct session_parts *parts) {
    const size_t begin = offsetof(struct session, given), end = offsetof(struct session, place);
    memset((char *)session + begin, 0, end - begin);
    session->given = parts;
    session->begun = clock_seconds();
    control_open(&session->control, parts->in, parts->out, parts->stop);
    line_init(&session->line);
    session->line_alone = true;
    watch_init(&session->watch);
    data_init(&session->data);
    reply_init(&session->reply);
    pipeline_init(&session->pipeline);
    session->names = *parts->names;
    /* REIN gives no additional time */
    who_init(&session->who, parts->root, parts->helper,
             clock_deadline(parts->config->login_timeout));
    turns_init(&session->turns, &session->who.top, parts->stop);
    addition_init(&session->addition, &session->who.top, parts->boot, parts->config->no_sync);
    view_init(&session->view);
    quota_init(session);
    session_reset(session);
}

/* The client has no reply yet: what is there now was sent without waiting for it. (The kernel is
 * not asked where it matters little: a client that has used data connections ends its lines.) */
void session_note_piece(struct session *session) {
    const struct control *control = &session->control;
    bool come = session->data.used ? control_has_more(control) : control_has_come(control);
    session->line_alone = !come;
}

const struct command *session_begin_command(struct session *session,
                                            const struct command *command) {
    const struct command *outer = session->command;
    session->command = command;
    session->meant = NULL;
    return outer;
}

void session_means(struct session *session, const char *name) {
    session->meant = name;
}

void session_close(struct session *session) {
    pipeline_close(&session->pipeline);
    reply_close(&session->reply);
    addition_close(&session->addition);
    turns_close(&session->turns);
    oldest_forget(&session->oldest);
    view_reset(session);
    digests_reset(&session->digests, 0);
}
