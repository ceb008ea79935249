#include <errno.h>
#include <stdlib.h>

#include "tls/internal.h"

/* Keeps the newest session of a control connection. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    const struct tls_stream *stream = SSL_get_app_data(ssl);
    if (stream->beside)
        return 0;
    SSL_SESSION_free(stream->context->session);
    stream->context->session = session;
    return 1;
}

static void set_up(SSL_CTX *ssl, long cache) {
    if (SSL_CTX_get_min_proto_version(ssl) < TLS1_2_VERSION)
        (void)SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
    /* Even if the system's policy asks for it: with large buffers and read-ahead OpenSSL (3.0, 3.5)
     * loses track of the records that the kernel hands over, and uploads break off */
    (void)SSL_CTX_clear_options(ssl, SSL_OP_ENABLE_KTLS);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(ssl, cache | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
}

struct tls_context *context_new(void) {
    /* The end of the process frees everything faster */
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    return calloc(1, sizeof(struct tls_context));
}

int context_set_up(struct tls_context *context, const SSL_METHOD *method, long cache,
                   char error[TLS_ERROR_SIZE]) {
    context->ssl = SSL_CTX_new(method); /* with the system's policy */
    if (!context->ssl) {
        reason_explain(error, "OpenSSL", "cannot be set up");
        return -ENOMEM;
    }
    set_up(context->ssl, cache);
    return 0;
}

void context_free(struct tls_context *context) {
    if (context) {
        SSL_SESSION_free(context->session);
        SSL_CTX_free(context->ssl);
        identity_free(&context->identity);
    }
    free(context);
}

time_t context_expires(const struct tls_context *context) {
    return certificate_expires(context->identity.certificate);
}

void context_describe(const struct tls_context *context, struct tls_certificate *ret) {
    certificate_describe(context->identity.certificate, ret);
}
