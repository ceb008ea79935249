#include "client/session.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/await.h"
#include "client/login.h"
#include "client/outgoing.h"
#include "client/place.h"

static bool is_open(const struct session *session) {
    return session->control.conn.in >= 0;
}

void session_drop(struct session *session) {
    outgoing_close(&session->control.conn);
}

void session_end(struct session *session) {
    if (is_open(session) && !session->control.deaf)
        (void)control_ask(&session->control, "QUIT");
    session_drop(session);
}

void session_look(struct session *session) {
    const struct control *control = &session->control;
    if (control->deaf || control->ended || control->reply.code < 0 || control->reply.code == 421)
        session_drop(session);
}

/* Waits for the handshake's next step: no longer than connecting may take, and for all of them no
 * longer than for a reply. Returns whether it has come. */
static bool await_step(const struct control *control) {
    struct pollfd step = outgoing_to_write(&control->conn);
    int left = control_left(control);
    int ready = await_poll(&step, 1, left < OUTGOING_STEP_MS ? left : OUTGOING_STEP_MS);
    return left > 0 && ready > 0;
}

static int shake_hands(struct control *control) {
    int result;
    while ((result = outgoing_handshake(&control->conn)) == -EAGAIN)
        if (!await_step(control))
            return -ETIMEDOUT;
    return result;
}

/* Begins TLS on the control connection; if it fails, closes that without close_notify. */
static bool begin_tls(struct session *session) {
    struct control *control = &session->control;
    control_begin_wait(control);
    int result = outgoing_secure(&control->conn, session->context, NULL);
    if (result == 0)
        result = shake_hands(control);
    if (result == 0)
        return true;
    int status = result == -ETIMEDOUT ? EX_TEMPFAIL : EX_PROTOCOL;
    control_fail(control, status, "TLS: %s", outgoing_handshake_reason(&control->conn, result));
    conn_bare(&control->conn);
    session_drop(session);
    return false;
}

/* RFC 4217, 4. Replies in clear text after the 234 may be an attacker's: they would count as sent
 * under TLS. */
static bool ask_for_tls(struct session *session) {
    struct control *control = &session->control;
    int code = control_ask(control, "AUTH TLS");
    if (code == 234 && control->length == 0)
        return begin_tls(session);
    if (code == 234)
        control_fail(control, EX_PROTOCOL, "TLS: the server continues in clear text");
    else
        control_fail(control, EX_PROTOCOL, "the server refuses TLS, nothing was sent: %s",
                     control_answer(control));
    return false;
}

/* Asks for TLS on data connections (RFC 4217, 9; RFC 2228, 3). */
static bool protect_data(struct session *session) {
    struct control *control = &session->control;
    (void)control_ask(control, "PBSZ 0");
    if (control_ask(control, "PROT P") / 100 == 2)
        return true;
    control_fail(control, EX_PROTOCOL, "the server refuses TLS for data connections: %s",
                 control_answer(control));
    return false;
}

void session_be_binary(struct session *session) {
    if (!session->is_binary)
        (void)control_ask(&session->control, "TYPE I");
    session->is_binary = true;
}

/* Asks what the server can do. False: the session is lost. */
static bool ask_features(struct session *session) {
    int code = control_ask(&session->control, "FEAT");
    if (code < 0 || code == 421)
        return false;
    if (code == 211)
        features_read(&session->features, &session->control.reply);
    session->way = session->features.is_inline ? WAY_ALLO : WAY_EPSV;
    session->asks_late = code == 530;
    return true;
}

/* Finds out what the server can do, unless an earlier session did. False: the session is lost. */
static bool find_way(struct session *session) {
    return session->way != WAY_UNKNOWN || ask_features(session);
}

/* Logs in, and asks for binary transfers, if the server knows logins. False: see the failure. */
static bool login(struct session *session, struct failure *failure) {
    struct control *control = &session->control;
    enum login result = login_run(control, &session->secret, failure);
    if (result == LOGIN_REFUSED)
        return false;
    session->ordinary |= result == LOGIN_DONE;
    if (result == LOGIN_DONE && session->asks_late)
        (void)ask_features(session);
    bool good = !session->context || protect_data(session);
    int code = good ? control_ask(control, "TYPE I") : 0;
    session->is_binary = true;
    if (code > 0 && (code / 100 == 2 || !session->ordinary))
        return true;
    control_explain(control, failure, "");
    return false;
}

/* Takes the greeting, and does what comes before the login. False: see the reply. */
static bool begin(struct session *session) {
    enum security security = session->server.security;
    if (security == SECURITY_IMPLICIT && !begin_tls(session))
        return false;
    if (control_get_final_reply(&session->control) / 100 != 2)
        return false;
    if (security == SECURITY_EXPLICIT && !ask_for_tls(session))
        return false;
    return find_way(session);
}

/* Logs in, if that is needed, and goes to the folder. False: see the failure. */
static bool enter(struct session *session, struct failure *failure) {
    bool has_data = session->way == WAY_EPSV || session->way == WAY_PASV;
    if (has_data && !login(session, failure))
        return false;
    if (!has_data && (*session->secret.user || session->wants_login) &&
        login_run(&session->control, &session->secret, failure) != LOGIN_DONE)
        return false;
    return !*session->folder ||
           place_enter(&session->control, session->folder, session->make_folder, failure);
}

bool session_can_log_in(struct session *session) {
    bool is_inline = session->way == WAY_ALLO || session->way == WAY_PLAIN;
    if (session->wants_login || !is_inline || *session->secret.user)
        return false;
    session_drop(session);
    return session->wants_login = true;
}

bool session_open(struct session *session, struct failure *failure) {
    struct control *control = &session->control;
    failure_clear(failure);
    if (is_open(session))
        return true;
    if (!link_open(&session->link, &control->conn, failure))
        return false;
    control_reset(control);
    session->is_binary = session->gave_account = false;
    if (!begin(session))
        control_explain(control, failure, "");
    else if (enter(session, failure))
        return true;
    session_drop(session);
    return false;
}
