#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tls/internal.h"

static int trust(const struct tls_context *context, const char *ca, char error[TLS_ERROR_SIZE]) {
    int good = ca ? SSL_CTX_load_verify_file(context->ssl, ca)
                  : SSL_CTX_set_default_verify_paths(context->ssl);
    if (good == 1)
        return 0;
    reason_explain(error, "authorities", ca ? ca : "of the system");
    return -EINVAL;
}

static int identify(struct tls_context *context, const struct tls_client_settings *settings,
                    char error[TLS_ERROR_SIZE]) {
    int result = identity_load(&context->identity, settings->certificate, settings->key, error);
    if (result < 0 || identity_use(&context->identity, context->ssl))
        return result;
    reason_explain(error, "certificate", settings->certificate);
    return -EINVAL;
}

int client_open(const struct tls_client_settings *settings, struct tls_context **ret_context,
                char error[TLS_ERROR_SIZE]) {
    if (strlen(settings->host) >= sizeof(((struct tls_context *)NULL)->host)) {
        (void)snprintf(error, TLS_ERROR_SIZE, "the host's name is too long for a certificate");
        return -EINVAL;
    }
    struct tls_context *context = context_new();
    if (!context)
        return -ENOMEM;
    int result = context_set_up(context, TLS_client_method(), SSL_SESS_CACHE_CLIENT, error);
    if (result < 0) {
        context_free(context);
        return result;
    }
    (void)snprintf(context->host, sizeof(context->host), "%s", settings->host);
    (void)snprintf(context->pin, sizeof(context->pin), "%s", settings->pin ? settings->pin : "");
    if (!settings->pin) {
        SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
        result = trust(context, settings->ca, error);
    }
    if (result == 0 && settings->certificate)
        result = identify(context, settings, error);
    if (result < 0) {
        context_free(context);
        return result;
    }
    *ret_context = context;
    return 0;
}

/* Sets the name that the certificate must have, as a subjectAltName (RFC 9525, 6), and, if it is
 * not an address, tells it to the server (RFC 6066). */
static bool expect_host(SSL *ssl, const char *host) {
    uint8_t address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* Resumes a copy: a connection that ends badly spoils its session, which the next data connection
 * may still need. */
static bool resume(SSL *ssl, const SSL_SESSION *session) {
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    bool good = copy && SSL_set_session(ssl, copy) == 1;
    SSL_SESSION_free(copy);
    return good;
}

bool client_begin(struct tls_stream *stream, const struct tls_stream *beside) {
    static const unsigned char protocols[] = {3, 'f', 't', 'p'};
    struct tls_context *context = stream->context;
    SSL_set_connect_state(stream->ssl);
    if (SSL_set_alpn_protos(stream->ssl, protocols, sizeof(protocols)) != 0 ||
        !expect_host(stream->ssl, context->host))
        return false;
    if (beside)
        return !context->session || resume(stream->ssl, context->session);
    SSL_SESSION_free(context->session); /* that of an earlier control connection */
    context->session = NULL;
    return true;
}

int client_finish(struct tls_stream *stream) {
    struct tls_certificate theirs;
    const char *pin = stream->context->pin;
    certificate_describe(SSL_get0_peer_certificate(stream->ssl), &theirs);
    if (!*pin || strcmp(theirs.fingerprint, pin) == 0)
        return 0;
    (void)snprintf(stream->error, sizeof(stream->error),
                   "the certificate is another one: its SHA-256 fingerprint is %s",
                   theirs.fingerprint);
    return TLS_BROKEN;
}
