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

enum {
    LEAVE_TIME = 5, /* s that a client may take to end TLS */
    MOST_DROPS = 64 /* buffers full of clear text behind AUTH; more cannot pass for TLS either */
};

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
    if (result == 0)
        ret_setup->library = library;
    return result;
}

bool secure_is_on(const struct session *session) {
    return session->control.conn.tls != NULL;
}

static bool is_required(const struct session *session) {
    return session->config->tls == TLS_REQUIRE || session->config->tls == TLS_IMPLICIT;
}

bool secure_is_missing(const struct session *session) {
    return is_required(session) && !secure_is_on(session);
}

void secure_reset(struct session *session) {
    session->secure.chosen = false;
    session->secure.is_private = session->config->tls == TLS_IMPLICIT;
}

/* ------------------------------------------------------------------ handshakes */

/* OpenSSL asks for bytes until there are none. */
static int set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int shake_hands(struct session *session) {
    struct control *control = &session->control;
    long long deadline = session->logged_in ? clock_deadline(session->config->login_timeout)
                                            : session->login_deadline;
    for (;;) {
        int result = conn_handshake(&control->conn);
        if (result != -EAGAIN)
            return result;
        long long left = deadline - clock_ms();
        result = control_await_read(control, left > 0 ? (int)left : 0);
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
    log_event(session->log, EVENT_TLS_STARTED, "TLS: %s %s%s%s%s", facts->version, facts->cipher,
              facts->resumed ? ", resumed" : "", known ? ", client certificate " : "",
              known ? (*facts->peer.subject ? facts->peer.subject : facts->peer.fingerprint) : "");
    transcript_note(session, "%s %s from here on, which is not played", facts->version,
                    facts->cipher);
}

int secure_control(struct session *session) {
    const struct secure_setup *setup = &session->secure.setup;
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
        log_event(session->log, EVENT_TLS_BROKEN, "TLS handshake failed: %s",
                  explain(conn, result));
        transcript_note(session, "TLS handshake failed: %s", explain(conn, result));
        conn_bare(conn);
        return result;
    }
    setup->library->describe(tls, &session->secure.facts);
    session->log->context.tls = session->secure.facts.version;
    log_control(session);
    session_reset(session);
    return 0;
}

int secure_leave(struct session *session) {
    struct control *control = &session->control;
    long long deadline = clock_deadline(LEAVE_TIME);
    int result;
    control_finish(control);
    do { /* until the client's close_notify; what it sends before that is for nobody */
        control->start = control->end;
        long long left = deadline - clock_ms();
        result = control_fill(control, left > 0 ? (int)left : 0);
    } while (result > 0);
    conn_bare(&control->conn);
    control->start = control->end = 0;
    control->ended = result < 0;
    line_init(&session->line);
    session->secure.facts = (struct tls_facts){0};
    return result;
}

/* A client that shows that it is the one of the control connection by resuming its session. */
static int note_resumption(struct session *session, const struct tls_facts *facts) {
    struct secure *secure = &session->secure;
    log_event(session->log, EVENT_TLS_DATA, "Data connection: %s %s, %s", facts->version,
              facts->cipher, facts->resumed ? "resumed" : "not resumed");
    session->data.is_proven = facts->resumed;
    if (facts->resumed)
        return 0;
    if (session->config->tls_require_reuse) {
        (void)snprintf(secure->error, sizeof(secure->error),
                       "TLS: the session of the control connection must be resumed");
        return TLS_BROKEN;
    }
    if (!secure->told)
        log_event(session->log, EVENT_TLS_NOT_RESUMED,
                  "The client did not resume the TLS session on a data connection: "
                  "--tls-require-reuse would refuse that");
    secure->told = true;
    return 0;
}

/* The handshake, while the control connection is attended to. Who waits for 150 does not do so for
 * long. */
static int shake_hands_beside(struct session *session, struct conn *conn) {
    long long deadline = clock_deadline(session->config->connect_timeout);
    if (session->data.meets && deadline > session->data.meet_until)
        deadline = session->data.meet_until;
    for (;;) {
        int fd, result = conn_handshake(conn);
        if (result != -EAGAIN)
            return result;
        short events = conn_reading(conn, &fd);
        result = session_wait(session, fd, events, deadline);
        if (result < 0)
            return result;
    }
}

int secure_data(struct session *session, struct conn *conn) {
    const struct secure_setup *setup = &session->secure.setup;
    struct tls_stream *control = session->control.conn.tls;
    struct tls_facts facts;
    struct tls_stream *tls = setup->library->open(setup->context, conn->in, conn->out, control);
    if (!tls)
        return -ENOMEM;
    conn_secure(conn, setup->library, tls);
    if (session_pardons_cut(session))
        conn_be_lenient(conn);
    int result = shake_hands_beside(session, conn);
    setup->library->renew_ticket(control); /* this one has been used, whatever came of it */
    if (result < 0) {
        (void)snprintf(session->secure.error, TLS_ERROR_SIZE, "TLS: %.200s", explain(conn, result));
        return result;
    }
    setup->library->describe(tls, &facts);
    return note_resumption(session, &facts);
}

/* ----------------------------------------------------------------------- verbs */

int secure_refuse_data(struct session *session) {
    if (!is_required(session) || session->secure.is_private || !session->data.used)
        return 0;
    int result = reply_send(session, 521, "Data connections must be protected: send PROT P");
    return result < 0 ? result : 1;
}

/* What comes behind AUTH before the client has our reply is not the client's: TLS would believe
 * that it is (a man in the middle can have sent it). */
static void drop_clear_text(struct session *session) {
    struct control *control = &session->control;
    size_t dropped = control_pending(control);
    control->start = control->end;
    for (int i = 0; i < MOST_DROPS && control_fill(control, 0) > 0; i++) {
        dropped += control_pending(control);
        control->start = control->end;
    }
    line_init(&session->line);
    if (dropped > 0)
        log_event(session->log, EVENT_TLS_INJECTED,
                  "Dropped %zu bytes that came behind AUTH in clear text", dropped);
}

/* "TLS", and what older drafts called it */
static bool is_mechanism(const char *mechanism) {
    return strcasecmp(mechanism, "TLS") == 0 || strcasecmp(mechanism, "TLS-C") == 0 ||
           strcasecmp(mechanism, "SSL") == 0;
}

int verb_auth(struct session *session, const char *argument) {
    if (!is_mechanism(argument))
        return reply_send(session, 504, "Only AUTH TLS is served");
    if (secure_is_on(session))
        return reply_send(session, 534, "The connection is under TLS already");
    if (session->authenticated)
        return reply_send(session, 534, "AUTH comes before USER; connect anew");
    drop_clear_text(session);
    int result = reply_send(session, 234, "Begin TLS");
    if (result < 0 || session->control.ended)
        return result;
    if (secure_control(session) < 0)
        session->over = session->must_drain = true;
    return 0;
}

int verb_pbsz(struct session *session, const char *argument) {
    if (!secure_is_on(session))
        return reply_send(session, 503, "AUTH TLS comes before PBSZ");
    if (strspn(argument, "0123456789") != strlen(argument))
        return reply_send(session, 501, "PBSZ takes a number; 0 for TLS");
    return reply_send(session, 200, "PBSZ=0");
}

int verb_prot(struct session *session, const char *argument) {
    bool is_private = strcasecmp(argument, "P") == 0;
    if (!secure_is_on(session)) /* PBSZ, which says nothing under TLS, need not have come */
        return reply_send(session, 503, "AUTH TLS comes before PROT");
    if (strcasecmp(argument, "S") == 0 || strcasecmp(argument, "E") == 0)
        return reply_send(session, 536, "TLS has PROT P and PROT C alone");
    if (!is_private && strcasecmp(argument, "C") != 0)
        return reply_send(session, 504, "PROT takes P or C");
    if (!is_private && is_required(session))
        return reply_send(session, 534, "Data connections must be protected");
    session->secure.chosen = true;
    session->secure.is_private = is_private;
    return reply_send(session, 200, "Data connections are %s",
                      is_private ? "protected" : "in clear text");
}

int verb_ccc(struct session *session, const char *argument) {
    (void)argument;
    if (!secure_is_on(session))
        return reply_send(session, 533, "The connection is in clear text");
    return reply_send(session, 534, "The connection stays under TLS");
}
