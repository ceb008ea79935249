#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "tls/internal.h"

enum { SESSION_TIME = 7 * 24 * 3600 /* s that a session can be resumed; at most while we run */ };

/* Marks the tickets of control connections, the only ones that may be resumed: a stranger at a data
 * port must not be able to get one there. */
static const char control_mark[] = "control";

/* Their types are those of OpenSSL's callbacks */
static int mark_ticket(SSL *ssl, void *unused) {
    const struct tls_stream *stream = SSL_get_app_data(ssl);
    (void)unused;
    size_t n = stream->beside ? 0 : sizeof(control_mark);
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), control_mark, n);
}

static SSL_TICKET_RETURN take_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                     size_t length, SSL_TICKET_STATUS status, void *unused) {
    void *mark = NULL;
    size_t n = 0;
    (void)name;
    (void)length;
    (void)unused;
    const struct tls_stream *stream = SSL_get_app_data(ssl);
    SSL_TICKET_RETURN anew =
        stream->beside ? SSL_TICKET_RETURN_IGNORE : SSL_TICKET_RETURN_IGNORE_RENEW;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return anew;
    if (SSL_SESSION_get0_ticket_appdata(session, &mark, &n) != 1 || n != sizeof(control_mark))
        return anew;
    return SSL_TICKET_RETURN_USE;
}

/* The session of the newest control connection is the only one that can be resumed by its id.
 * Returns a copy, because a connection that ends badly spoils its session. */
static SSL_SESSION *find_session(SSL *ssl, const unsigned char *id, int length, int *ret_counted) {
    const struct tls_stream *stream = SSL_get_app_data(ssl);
    SSL_SESSION *session = stream->context->session;
    unsigned n = 0;
    const unsigned char *ours = session ? SSL_SESSION_get_id(session, &n) : NULL;
    *ret_counted = 0; /* it is OpenSSL's from now on */
    if (!ours || length != (int)n || memcmp(ours, id, n) != 0)
        return NULL;
    return SSL_SESSION_dup(session);
}

/* RFC 7301. A client that offers only other protocols has been misled by an attacker (ALPACA). */
static int choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_length,
                           const unsigned char *offered, unsigned length, void *unused) {
    (void)ssl;
    (void)unused;
    for (unsigned at = 0; at < length; at += offered[at] + 1U) {
        if (offered[at] == 3 && at + 3 < length && memcmp(offered + at + 1, "ftp", 3) == 0) {
            *ret_name = offered + at + 1;
            *ret_length = 3;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Loads the CAs of client certificates. Clients are asked for one, and need not have one. */
static int ask_clients(struct tls_context *context, const char *file, char error[TLS_ERROR_SIZE]) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (!names || SSL_CTX_load_verify_file(context->ssl, file) != 1) {
        reason_explain(error, "authorities for clients", file);
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return -EINVAL;
    }
    SSL_CTX_set_client_CA_list(context->ssl, names);
    context->asks = true;
    return 0;
}

/* Clients should refuse an expired certificate, and some do not. */
static int check_time(const struct tls_context *context, char error[TLS_ERROR_SIZE]) {
    const X509 *certificate = context->identity.certificate;
    const ASN1_TIME *from = X509_get0_notBefore(certificate), *to = X509_get0_notAfter(certificate);
    const char *what = NULL;
    if (X509_cmp_current_time(to) < 0)
        what = "expired";
    else if (X509_cmp_current_time(from) > 0)
        what = "is not valid yet";
    if (!what)
        return 0;
    const time_t now = time(NULL);
    struct tm parts = {0};
    (void)gmtime_r(&now, &parts);
    (void)snprintf(error, TLS_ERROR_SIZE,
                   "the certificate %s, or this clock is wrong: %04d-%02d-%02d", what,
                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
    return -EINVAL;
}

/* Makes the context ready with all but the authorities for clients. */
static int make_ready(struct tls_context *context, char error[TLS_ERROR_SIZE]) {
    int result = context_set_up(context, TLS_server_method(), SSL_SESS_CACHE_SERVER, error);
    SSL_CTX *ssl = context->ssl;
    if (result < 0)
        return result;
    (void)SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    (void)SSL_CTX_set_timeout(ssl, SESSION_TIME);
    (void)SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"stord", 5);
    SSL_CTX_sess_set_get_cb(ssl, find_session);
    (void)SSL_CTX_set_session_ticket_cb(ssl, mark_ticket, take_ticket, NULL);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    if (context->lenient) /* else the client gets an alert, which it takes for a failure */
        (void)SSL_CTX_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (identity_use(&context->identity, ssl))
        return 0;
    reason_explain(error, "certificate", "is refused by the system's policy");
    SSL_CTX_free(ssl);
    context->ssl = NULL;
    return -EINVAL;
}

int server_ready(struct tls_context *context, char error[TLS_ERROR_SIZE]) {
    return context->ssl ? 0 : make_ready(context, error);
}

int server_open(const struct tls_server_settings *settings, struct tls_context **ret_context,
                char error[TLS_ERROR_SIZE]) {
    struct tls_context *context = context_new();
    if (!context)
        return -ENOMEM;
    context->server = true;
    context->lenient = settings->lenient;
    int result = identity_load(&context->identity, settings->certificate, settings->key, error);
    if (result == 0)
        result = check_time(context, error);
    if (result == 0 && (settings->client_ca || !identity_is_strong(&context->identity)))
        result = server_ready(context, error);
    if (result == 0 && settings->client_ca)
        result = ask_clients(context, settings->client_ca, error);
    if (result < 0) {
        context_free(context);
        return result;
    }
    *ret_context = context;
    return 0;
}

/* A certificate is asked for on a data connection only if the control connection had one: it must
 * be the same, see server_finish. */
void server_begin(struct tls_stream *stream, const struct tls_stream *beside) {
    bool asks = stream->context->asks && (!beside || SSL_get0_peer_certificate(beside->ssl));
    SSL_set_verify(stream->ssl, asks ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_set_accept_state(stream->ssl);
    if (!beside) /* nothing of a password stays in memory */
        (void)SSL_set_options(stream->ssl, SSL_OP_CLEANSE_PLAINTEXT);
    else /* a client that only sends never reads them, and its close would be a reset */
        (void)SSL_set_num_tickets(stream->ssl, 0);
}

/* Is the certificate that of the control connection? */
static bool is_same_client(const struct tls_stream *stream) {
    struct tls_certificate ours, theirs;
    certificate_describe(SSL_get0_peer_certificate(stream->beside->ssl), &ours);
    certificate_describe(SSL_get0_peer_certificate(stream->ssl), &theirs);
    return strcmp(ours.fingerprint, theirs.fingerprint) == 0;
}

int server_finish(struct tls_stream *stream) {
    if (!stream->beside || SSL_session_reused(stream->ssl) || is_same_client(stream))
        return 0;
    (void)snprintf(stream->error, sizeof(stream->error),
                   "the client certificate is not the control connection's");
    return TLS_BROKEN;
}
