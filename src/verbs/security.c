#include "verbs/security.h"

#include <string.h>
#include <strings.h>

#include "session/session.h"

enum {
    MOST_DROPS = 64 /* buffers of clear text after AUTH; more cannot pass for TLS either */
};

/* What comes after AUTH and before our reply is not the client's: a man in the middle can have sent
 * it, and TLS would take it for the client's. */
static void drop_clear_text(struct session *session) {
    struct control *control = &session->control;
    size_t dropped = control_drop(control);
    for (int i = 0; i < MOST_DROPS && control_fill(control, 0) > 0; i++)
        dropped += control_drop(control);
    line_init(&session->line);
    if (dropped > 0)
        log_event(session->given->log, EVENT_TLS_INJECTED,
                  "Dropped %zu bytes that came after AUTH in clear text", dropped);
}

/* "TLS", and its names in older drafts */
static bool is_mechanism(const char *mechanism) {
    return strcasecmp(mechanism, "TLS") == 0 || strcasecmp(mechanism, "TLS-C") == 0 ||
           strcasecmp(mechanism, "SSL") == 0;
}

int verb_auth(struct session *session, const char *argument) {
    if (!is_mechanism(argument))
        return reply_send(session, 504, "Only AUTH TLS is served");
    if (conn_is_secure(&session->control.conn))
        return reply_send(session, 534, "The connection is already under TLS");
    if (session->who.authenticated)
        return reply_send(session, 534, "AUTH comes before USER; connect again");
    if (secure_prepare(session) < 0)
        return reply_send(session, 431, "TLS cannot be served: see the server's log");
    drop_clear_text(session);
    int result = reply_send(session, 234, "Begin TLS");
    if (result < 0 || session->control.ended)
        return result;
    if (secure_control(session) < 0)
        leave_draining(session);
    else
        session_reset(session);
    return 0;
}

int verb_pbsz(struct session *session, const char *argument) {
    if (!conn_is_secure(&session->control.conn))
        return reply_send(session, 503, "AUTH TLS comes before PBSZ");
    if (strspn(argument, "0123456789") != strlen(argument))
        return reply_send(session, 501, "PBSZ takes a number; 0 for TLS");
    return reply_send(session, 200, "PBSZ=0");
}

int verb_prot(struct session *session, const char *argument) {
    bool is_private = strcasecmp(argument, "P") == 0;
    if (!conn_is_secure(
            &session->control.conn)) /* PBSZ, which means nothing under TLS, is not required */
        return reply_send(session, 503, "AUTH TLS comes before PROT");
    if (strcasecmp(argument, "S") == 0 || strcasecmp(argument, "E") == 0)
        return reply_send(session, 536, "Only PROT P and PROT C are served");
    if (!is_private && strcasecmp(argument, "C") != 0)
        return reply_send(session, 504, "PROT takes P or C");
    if (!is_private && secure_is_required(session))
        return reply_send(session, 534, "Data connections must be protected");
    secure_choose(&session->secure, is_private);
    return reply_send(session, 200, "Data connections are %s",
                      is_private ? "protected" : "in clear text");
}

int verb_ccc(struct session *session, const char *argument) {
    (void)argument;
    if (!conn_is_secure(&session->control.conn))
        return reply_send(session, 533, "The connection is in clear text");
    return reply_send(session, 534, "The connection stays under TLS");
}
