#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct tls_context *context_new(const SSL_METHOD *method, long cache, char error[TLS_ERROR_SIZE]) {
    struct tls_context *context = calloc(1, sizeof(*context));
    /* The end of the process frees everything faster */
    (void)OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
    if (context)
        context->ssl = SSL_CTX_new(method); /* with the system's policy */
    if (!context || !context->ssl) {
        context_explain(error, "OpenSSL", "cannot be set up");
        free(context);
        return NULL;
    }
    set_up(context->ssl, cache);
    return context;
}

void context_free(struct tls_context *context) {
    if (context) {
        SSL_SESSION_free(context->session);
        SSL_CTX_free(context->ssl);
    }
    free(context);
}

const char *context_reason(void) {
    unsigned long error = ERR_peek_error();
    if (error == 0)
        return "unknown reason";
    if (ERR_SYSTEM_ERROR(error))
        return strerror(ERR_GET_REASON(error));
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "unknown reason";
}

void context_explain(char error[TLS_ERROR_SIZE], const char *what, const char *file) {
    (void)snprintf(error, TLS_ERROR_SIZE, "%s %.150s: %s", what, file, context_reason());
    ERR_clear_error();
}

/* We do not ask for the password of a key. */
static int refuse_password(char *text, int size, int writing, void *data) {
    (void)text;
    (void)size;
    (void)writing;
    *(bool *)data = true;
    return -1;
}

static int load_key(struct tls_context *context, const char *key, char error[TLS_ERROR_SIZE]) {
    bool is_encrypted = false;
    SSL_CTX_set_default_passwd_cb(context->ssl, refuse_password);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, &is_encrypted);
    int good = SSL_CTX_use_PrivateKey_file(context->ssl, key, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context->ssl, NULL);
    if (good == 1 && SSL_CTX_check_private_key(context->ssl) == 1)
        return 0;
    context_explain(error, "key", key);
    if (is_encrypted)
        (void)snprintf(error, TLS_ERROR_SIZE, "key %.150s: it is encrypted with a password", key);
    return -EINVAL;
}

int context_identify(struct tls_context *context, const char *certificate, const char *key,
                     char error[TLS_ERROR_SIZE]) {
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context->ssl, certificate) == 1)
        return load_key(context, key, error);
    context_explain(error, "certificate", certificate);
    return -EINVAL;
}

void context_describe(const struct tls_context *context, struct tls_certificate *ret) {
    certificate_describe(SSL_CTX_get0_certificate(context->ssl), ret);
}
