#include "session/secure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "session/reply.h"
#include "session/session.h"

enum { LEAVE_TIME = 5 /* s that a client may take to end TLS */ };

int secure_open(const struct config *config, struct secure_setup *ret_setup,
                char error[TLS_ERROR_SIZE]) {
    const char *reason;
    const struct tls_server_settings settings = {.certificate = config->tls_cert,
                                                 .key = config->tls_key,
                                                 .client_ca = config->tls_client_ca,
                                                 .lenient = config->tls_lenient_close};
    *ret_setup = (struct secure_setup){0};
    if (config->tls == TLS_OFF)
        return 0;
    const struct tls_library *library = tls_load(&reason);
    if (!library) {
        (void)snprintf(error, TLS_ERROR_SIZE, "%s", reason);
        return -ELIBACC;
    }
    int result = library->serve(&settings, &ret_setup->context, error);
    if (result == 0 && config->tls != TLS_ALLOW) /* all clients will begin TLS */
        result = library->ready(ret_setup->context, error);
    if (result == 0)
        ret_setup->library = library;
    return result;
}

bool secure_is_required(const struct session *session) {
    return session->given->config->tls == TLS_REQUIRE ||
           session->given->config->tls == TLS_IMPLICIT;
}

bool secure_is_missing(const struct session *session) {
    return secure_is_required(session) && !conn_is_secure(&session->control.conn);
}

void secure_reset(struct session *session) {
    session->secure.chosen = false;
    session->secure.is_private = session->given->config->tls == TLS_IMPLICIT;
}

void secure_choose(struct secure *secure, bool is_private) {
    secure->chosen = true;
    secure->is_private = is_private;
}

void secure_forget_error(struct secure *secure) {
    secure->error[0] = '\0';
}

void secure_fail(struct secure *secure, const char *reason) {
    (void)snprintf(secure->error, sizeof(secure->error), "TLS: %.200s", reason);
}

/* ------------------------------------------------------------------ handshakes */

/* OpenSSL reads until no bytes are left. */
static int set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int shake_hands(struct session *session) {
    struct control *control = &session->control;
    long long deadline = session->who.logged_in
                             ? clock_deadline(session->given->config->login_timeout)
                             : session->who.login_deadline;
    for (;;) {
        int result = conn_handshake(&control->conn);
        if (result != -EAGAIN)
            return result;
        result = control_await_read(control, clock_until(deadline));
        if (result < 0)
            return result;
    }
}

/* What went wrong, as text. */
static const char *explain(const struct conn *conn, int error) {
    if (error == TLS_BROKEN && *conn_error(conn))
        return conn_error(conn);
    switch (error) {
    case TLS_TRUNCATED:
        return "the client closed the connection";
    case -ETIMEDOUT:
        return "it took too long";
    case -ESHUTDOWN:
        return "the service is shutting down";
    default:
        return strerror(-error);
    }
}

static void log_control(const struct session *session) {
    const struct tls_facts *facts = &session->secure.facts;
    bool known = *facts->peer.fingerprint;
    log_event(session->given->log, EVENT_TLS_STARTED, "TLS: %s %s%s%s%s", facts->version,
              facts->cipher, facts->resumed ? ", resumed" : "",
              known ? ", client certificate " : "",
              known ? (*facts->peer.subject ? facts->peer.subject : facts->peer.fingerprint) : "");
    transcript_note(session, "%s %s from here on, which is not played", facts->version,
                    facts->cipher);
}

int secure_prepare(const struct session *session) {
    const struct secure_setup *setup = session->given->secure;
    char error[TLS_ERROR_SIZE];
    int result = setup->library->ready(setup->context, error);
    if (result < 0)
        log_event(session->given->log, EVENT_TLS_BROKEN, "TLS cannot be served: %s", error);
    return result;
}

int secure_control(struct session *session) {
    const struct secure_setup *setup = session->given->secure;
    struct conn *conn = &session->control.conn;
    int result = set_nonblocking(conn->in);
    if (result == 0)
        result = set_nonblocking(conn->out);
    struct tls_stream *tls = setup->library->open(setup->context, conn->in, conn->out, NULL);
    if (result == 0 && !tls)
        result = -ENOMEM;
    if (tls)
        conn_secure(conn, setup->library, tls);
    if (result == 0)
        result = shake_hands(session);
    if (result < 0) {
        log_event(session->given->log, EVENT_TLS_BROKEN, "TLS handshake failed: %s",
                  explain(conn, result));
        transcript_note(session, "TLS handshake failed: %s", explain(conn, result));
        conn_bare(conn);
        return result;
    }
    setup->library->describe(tls, &session->secure.facts);
    log_set_tls(session->given->log, session->secure.facts.version);
    log_control(session);
    return 0;
}

int secure_leave(struct session *session) {
    struct control *control = &session->control;
    long long deadline = clock_deadline(LEAVE_TIME);
    int result;
    control_finish(control);
    do { /* until the client's close_notify; what it sends before that is dropped */
        control_drop(control);
        result = control_fill(control, clock_until(deadline));
    } while (result > 0);
    conn_bare(&control->conn);
    control_drop(control);
    control_note_end(control, result < 0);
    line_init(&session->line);
    session->secure.facts = (struct tls_facts){0};
    return result;
}

/* A client proves that the data connection is its own by resuming the TLS session of the control
 * connection. Returns 0, or TLS_BROKEN if it must and does not. */
static int note_resumption(struct session *session, const struct tls_facts *facts) {
    struct secure *secure = &session->secure;
    log_event(session->given->log, EVENT_TLS_DATA, "Data connection: %s %s, %s", facts->version,
              facts->cipher, facts->resumed ? "resumed" : "not resumed");
    secure->resumed = facts->resumed;
    if (facts->resumed)
        return 0;
    if (session->given->config->tls_require_reuse) {
        secure_fail(secure, "the session of the control connection must be resumed");
        return TLS_BROKEN;
    }
    if (!secure->told)
        log_event(session->given->log, EVENT_TLS_NOT_RESUMED,
                  "The client did not resume the TLS session on a data connection: "
                  "--tls-require-reuse would refuse that");
    secure->told = true;
    return 0;
}

/* The handshake, while the control connection is attended to. Before 150 it must not take long. */
static int shake_hands_beside(struct session *session, struct conn *conn) {
    long long deadline = clock_deadline(session->given->config->connect_timeout);
    if (session->watch.is_deaf && deadline > session->data.meet_until)
        deadline = session->data.meet_until;
    for (;;) {
        int fd, result = conn_handshake(conn);
        if (result != -EAGAIN)
            return result;
        short events = conn_reading(conn, &fd);
        result = watch_wait(session, fd, events, deadline);
        if (result < 0)
            return result;
    }
}

int secure_data(struct session *session, struct conn *conn) {
    const struct secure_setup *setup = session->given->secure;
    struct tls_stream *control = session->control.conn.tls;
    struct tls_facts facts;
    struct tls_stream *tls = setup->library->open(setup->context, conn->in, conn->out, control);
    if (!tls)
        return -ENOMEM;
    conn_secure(conn, setup->library, tls);
    if (who_is_pardoned_cut(&session->who, session->given->config))
        conn_be_lenient(conn);
    int result = shake_hands_beside(session, conn);
    setup->library->renew_ticket(control); /* this one is used up, whatever the result */
    if (result < 0) {
        secure_fail(&session->secure, explain(conn, result));
        return result;
    }
    setup->library->describe(tls, &facts);
    return note_resumption(session, &facts);
}

int secure_refuse_data(struct session *session) {
    if (!secure_is_required(session) || session->secure.is_private || !session->data.used)
        return 0;
    int result = reply_send(session, 521, "Data connections must be protected: send PROT P");
    return result < 0 ? result : 1;
}
