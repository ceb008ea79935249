#include "auth.h"

#include "reply.h"
#include "session.h"

void auth_begin(struct session *session) {
    session->logged_in = session->peer.local;
    session->owner = "-"; /* nobody in particular */
}

int auth_refuse(struct session *session) {
    log_event(session->log, LOG_LEVEL_WARNING,
              "Refused %s: there is no user database, so only local peers are served",
              session->peer.text);
    return reply_send(session, 530,
                      "Not logged in: without a user database only local clients are served");
}

int verb_user(struct session *session, const char *argument) {
    session->user_given = true;
    if (!session->logged_in)
        return auth_refuse(session);
    log_event(session->log, LOG_LEVEL_INFO, "User name given: %s", argument);
    return reply_send(session, 331, "Any password will do");
}

int verb_pass(struct session *session, const char *argument) {
    (void)argument;
    if (!session->logged_in)
        return auth_refuse(session);
    return reply_send(session, 230, "Logged in");
}

int verb_acct(struct session *session, const char *argument) {
    (void)argument;
    if (!session->logged_in)
        return auth_refuse(session);
    return reply_send(session, 202, "No account is needed");
}
