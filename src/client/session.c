#include "client/session.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "client/outgoing.h"
#include "client/say.h"

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

/* Connects the control connection to the first address of the host that answers. */
static bool connect_control(struct session *session) {
    const char *host = session->server.host, *port = session->server.port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) {
        say_error("%s port %s: %s", host, port, gai_strerror(error));
        return false;
    }
    int result = -ENOENT;
    for (const struct addrinfo *one = found; one && result < 0; one = one->ai_next)
        result = outgoing_open(&session->control.conn, one->ai_addr, one->ai_addrlen);
    if (result < 0)
        say_error("cannot connect to %s port %s: %s", host, port, strerror(-result));
    freeaddrinfo(found);
    control_reset(&session->control);
    return result == 0;
}

/* Waits for the handshake's next step: no longer than connecting may take, and for all of them no
 * longer than for a reply. Returns whether it has come. */
static bool await_step(const struct control *control) {
    struct pollfd step = outgoing_to_write(&control->conn);
    int left = control_left(control);
    int ready = outgoing_poll(&step, 1, left < OUTGOING_CONNECT_MS ? left : OUTGOING_CONNECT_MS);
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
    control_fail(control, "TLS: %s", outgoing_handshake_reason(&control->conn, result));
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
        control_fail(control, "TLS: the server continues in clear text");
    else
        control_fail(control, "the server refuses TLS, nothing was sent: %s",
                     control_answer(control));
    return false;
}

/* Asks for TLS on data connections (RFC 4217, 9; RFC 2228, 3). */
static bool protect_data(struct session *session) {
    struct control *control = &session->control;
    (void)control_ask(control, "PBSZ 0");
    if (control_ask(control, "PROT P") / 100 == 2)
        return true;
    control_fail(control, "the server refuses TLS for data connections: %s",
                 control_answer(control));
    return false;
}

/* Tells whether one of them would be more than one command. */
static bool have_line_breaks(const char *user, const char *password) {
    return strpbrk(user, "\r\n") || (password && strpbrk(password, "\r\n"));
}

/* Sends the name, and the password if that is wanted. Returns the code of the last reply: 232 if
 * our certificate was enough (RFC 2228, 3). */
static int send_login(struct session *session) {
    struct control *control = &session->control;
    const char *user = session->user, *password = session->password;
    if (user && have_line_breaks(user, password)) {
        control_fail(control, "the name or the password contains a line break");
        return REPLY_NONE;
    }
    int code = control_ask(control, "USER %s", user ? user : "anonymous");
    if (code != 331)
        return code;
    if (!user)
        return control_ask(control, "PASS client@");
    if (password)
        return control_ask(control, "PASS %s", password);
    control_fail(control, "a password is needed: put it into STOR_PASSWORD");
    return REPLY_NONE;
}

/* Logs in if that was asked for or the server knows logins, and asks for binary transfers. */
static bool login(struct session *session) {
    int code = send_login(session);
    bool knows_login = session->user || code / 100 != 5;
    if (knows_login && code / 100 != 2)
        return false;
    session->ordinary |= knows_login;
    if (session->context && !protect_data(session))
        return false;
    code = control_ask(&session->control, "TYPE I");
    return code > 0 && (code / 100 == 2 || !session->ordinary);
}

/* Finds out how files travel to this server, unless an earlier session did. False: the session is
 * lost. */
static bool find_way(struct session *session) {
    if (session->way != WAY_UNKNOWN)
        return true;
    int code = control_ask(&session->control, "FEAT");
    if (code < 0 || code == 421)
        return false;
    bool is_inline = code == 211 && reply_has_feature(&session->control.reply, "INLINE ALLO");
    session->way = is_inline ? WAY_ALLO : WAY_EPSV;
    return true;
}

/* Takes the greeting, and does what comes before the first file. False: see the reply. */
static bool begin(struct session *session) {
    enum security security = session->server.security;
    if (security == SECURITY_IMPLICIT && !begin_tls(session))
        return false;
    if (control_get_final_reply(&session->control) / 100 != 2)
        return false;
    if (security == SECURITY_EXPLICIT && !ask_for_tls(session))
        return false;
    if (!find_way(session))
        return false;
    if (session->way == WAY_EPSV || session->way == WAY_PASV)
        return login(session);
    return !session->user || send_login(session) / 100 == 2;
}

bool session_open(struct session *session) {
    if (is_open(session))
        return true;
    if (session->hopeless || !connect_control(session)) {
        session->hopeless = true;
        return false;
    }
    if (begin(session))
        return true;
    say_error("%s port %s: %s", session->server.host, session->server.port,
              control_answer(&session->control));
    session->hopeless = true;
    session_drop(session);
    return false;
}
