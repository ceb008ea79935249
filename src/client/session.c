#include "client/session.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "client/say.h"

void session_drop(struct session *s) {
    conn_close(&s->control.conn);
}

void session_end(struct session *s) {
    if (s->control.conn.fd >= 0 && !s->control.deaf)
        (void)ask(&s->control, "QUIT");
    session_drop(s);
}

/* Connects the control connection to the first address of the host that answers. */
static bool connect_control(struct session *s) {
    const char *host = s->server.host, *port = s->server.port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) {
        complain("%s port %s: %s", host, port, gai_strerror(error));
        return false;
    }
    int result = -ENOENT;
    for (const struct addrinfo *a = found; a && result < 0; a = a->ai_next)
        result = conn_connect(&s->control.conn, a->ai_addr, a->ai_addrlen);
    if (result < 0)
        complain("cannot connect to %s port %s: %s", host, port, strerror(-result));
    freeaddrinfo(found);
    control_reset(&s->control);
    return result == 0;
}

/* Waits for the handshake's next step: no longer than connecting may take, and for all of them no
 * longer than for a reply. Returns 0 or -ETIMEDOUT. */
static int await_step(const struct control *c) {
    struct pollfd p = {.fd = c->conn.fd, .events = c->conn.writing};
    int left = control_left(c);
    int ready = poll_again(&p, 1, left < CONN_CONNECT_MS ? left : CONN_CONNECT_MS);
    return left > 0 && ready > 0 ? 0 : -ETIMEDOUT;
}

/* Begins TLS on the control connection. */
static bool secure(struct session *s) {
    struct conn *w = &s->control.conn;
    control_begin_wait(&s->control);
    int result = conn_secure(w, s->context, NULL);
    while (result == 0 && w->shaking) {
        result = conn_handshake(w);
        if (result == -EAGAIN)
            result = await_step(&s->control);
    }
    if (result < 0)
        control_fail(&s->control, "TLS: %s", conn_reason(w, result));
    return result == 0;
}

/* RFC 4217, 4. Whoever could put replies behind the 234 in clear text would speak inside TLS. */
static bool ask_for_tls(struct session *s) {
    int code = ask(&s->control, "AUTH TLS");
    if (code == 234 && s->control.in_len == 0)
        return secure(s);
    if (code == 234)
        control_fail(&s->control, "TLS: the server goes on in clear text");
    else
        control_fail(&s->control, "the server refuses TLS, nothing was sent: %s",
                     answer(&s->control));
    return false;
}

/* Data connections inside TLS (RFC 4217, 9; RFC 2228, 3). */
static bool protect_data(struct session *s) {
    (void)ask(&s->control, "PBSZ 0");
    if (ask(&s->control, "PROT P") / 100 == 2)
        return true;
    control_fail(&s->control, "the server refuses TLS for data connections: %s",
                 answer(&s->control));
    return false;
}

/* Would they be more than one command each? */
static bool line_breaks(const char *user, const char *password) {
    return strpbrk(user, "\r\n") || (password && strpbrk(password, "\r\n"));
}

/* Sends the name, and the password if that is wanted. Returns the code of the last reply: 232 when
 * our certificate was enough (RFC 2228, 3). */
static int send_login(struct session *s) {
    struct control *c = &s->control;
    if (s->user && line_breaks(s->user, s->password)) {
        control_fail(c, "the name or the password holds a line break");
        return NO_REPLY;
    }
    int code = ask(c, "USER %s", s->user ? s->user : "anonymous");
    if (code != 331)
        return code;
    if (!s->user)
        return ask(c, "PASS client@");
    if (s->password)
        return ask(c, "PASS %s", s->password);
    control_fail(c, "a password is wanted: put it into STOR_PASSWORD");
    return NO_REPLY;
}

/* Logs in where that was asked for or the server knows logins, and asks for binary transfers. */
static bool login(struct session *s) {
    struct control *c = &s->control;
    int code = send_login(s);
    bool knows_login = s->user || code / 100 != 5;
    if (knows_login && code / 100 != 2)
        return false;
    s->ordinary |= knows_login;
    if (s->context && !protect_data(s))
        return false;
    code = ask(c, "TYPE I");
    return code > 0 && (code / 100 == 2 || !s->ordinary);
}

/* Takes the greeting, and finds out how files travel to this server. */
static bool greet(struct session *s) {
    if (s->server.security == SECURITY_IMPLICIT && !secure(s))
        return false;
    if (control_get_final_reply(&s->control) / 100 != 2)
        return false;
    if (s->server.security == SECURITY_EXPLICIT && !ask_for_tls(s))
        return false;
    if (s->way == WAY_UNKNOWN) {
        int code = ask(&s->control, "FEAT");
        if (code < 0 || code == 421)
            return false;
        bool is_inline = code == 211 && reply_has_feature(&s->control.reply, "INLINE ALLO");
        s->way = is_inline ? WAY_ALLO : WAY_EPSV;
    }
    if (s->way == WAY_EPSV || s->way == WAY_PASV)
        return login(s);
    return !s->user || send_login(s) / 100 == 2;
}

bool session_open(struct session *s) {
    if (s->control.conn.fd >= 0)
        return true;
    if (s->hopeless || !connect_control(s)) {
        s->hopeless = true;
        return false;
    }
    if (!greet(s)) {
        complain("%s port %s: %s", s->server.host, s->server.port, answer(&s->control));
        s->hopeless = true;
        session_drop(s);
    }
    return s->control.conn.fd >= 0;
}
