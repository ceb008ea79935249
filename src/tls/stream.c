#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tls/internal.h"

enum { READ_AHEAD = 128 << 10 /* bytes to read at once from a data connection */ };

struct tls_stream *stream_open(struct tls_context *context, int in, int out,
                               struct tls_stream *beside) {
    struct tls_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->context = context;
    stream->beside = beside;
    stream->lenient = context->lenient;
    stream->more = true; /* the handshake may have read some */
    stream->ssl = SSL_new(context->ssl);
    bool good = stream->ssl && SSL_set_app_data(stream->ssl, stream) == 1 &&
                SSL_set_rfd(stream->ssl, in) == 1 && SSL_set_wfd(stream->ssl, out) == 1;
    if (good && beside) {
        SSL_set_default_read_buffer_len(stream->ssl, READ_AHEAD);
        SSL_set_read_ahead(stream->ssl, 1);
    }
    if (good && context->server)
        server_begin(stream, beside);
    else if (good)
        good = client_begin(stream, beside);
    if (good)
        return stream;
    stream_free(stream);
    ERR_clear_error();
    return NULL;
}

void stream_free(struct tls_stream *stream) {
    if (!stream)
        return;
    SSL_free(stream->ssl);
    free(stream);
}

static void explain(struct tls_stream *stream) {
    long verdict = SSL_get_verify_result(stream->ssl);
    bool refused =
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK;
    (void)snprintf(stream->error, sizeof(stream->error), "%s%s%s", reason_text(),
                   refused ? ": " : "", refused ? X509_verify_cert_error_string(verdict) : "");
}

/* The result of OpenSSL's last function, which failed, as in tls.h. failure: errno. */
static int judge(struct tls_stream *stream, int failure) {
    switch (SSL_get_error(stream->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        stream->events = POLLIN;
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        stream->events = POLLOUT;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        (void)snprintf(stream->error, sizeof(stream->error), "%s", strerror(failure));
        return failure ? -failure : TLS_TRUNCATED;
    default:
        explain(stream);
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                   ? TLS_TRUNCATED
                   : TLS_BROKEN;
    }
}

static void prepare(struct tls_stream *stream) {
    ERR_clear_error();
    errno = 0;
    stream->events = 0;
}

int stream_handshake(struct tls_stream *stream) {
    prepare(stream);
    if (SSL_do_handshake(stream->ssl) != 1) {
        int result = judge(stream, errno);
        return result == 0 ? TLS_TRUNCATED : result;
    }
    return stream->context->server ? server_finish(stream) : client_finish(stream);
}

/* Has the beginning of a record come, and not its end? */
static bool is_torn(const SSL *ssl) {
    return SSL_has_pending(ssl) == 1 || strcmp(SSL_rstate_string(ssl), "RB") == 0;
}

ssize_t stream_read(struct tls_stream *stream, void *bytes, size_t n) {
    char *to = bytes;
    size_t total = 0, got;
    while (total < n && !stream->ended) {
        prepare(stream);
        stream->more = SSL_read_ex(stream->ssl, to + total, n - total, &got) == 1;
        if (stream->more) {
            total += got;
            continue;
        }
        int result = judge(stream, errno);
        if (result == -EAGAIN)
            return total > 0 ? (ssize_t)total : result;
        stream->ended = true;
        bool cut = result == TLS_TRUNCATED || (result == 0 && stream->lenient);
        stream->how = cut && is_torn(stream->ssl) ? TLS_TORN : result;
    }
    return total > 0 || n == 0 ? (ssize_t)total : stream->how;
}

ssize_t stream_write(struct tls_stream *stream, const void *bytes, size_t n) {
    size_t done = 0;
    if (n == 0)
        return 0;
    prepare(stream);
    if (SSL_write_ex(stream->ssl, bytes, n, &done) == 1)
        return (ssize_t)done;
    int result = judge(stream, errno);
    return result == 0 ? -EPIPE : result;
}

int stream_end(struct tls_stream *stream) {
    if (stream->ended && stream->how < 0)
        return stream->how; /* OpenSSL must not use it any more */
    if (SSL_in_init(stream->ssl))
        return TLS_BROKEN;
    prepare(stream);
    if (SSL_shutdown(stream->ssl) >= 0)
        return 0;
    return judge(stream, errno);
}

short stream_events(const struct tls_stream *stream) {
    return stream->events;
}

bool stream_has_buffered(const struct tls_stream *stream) {
    return stream->more || stream->ended;
}

void stream_read_ahead(struct tls_stream *stream, bool on) {
    SSL_set_read_ahead(stream->ssl, on);
}

void stream_be_lenient(struct tls_stream *stream) {
    (void)SSL_set_options(stream->ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
    stream->lenient = true;
}

void stream_renew_ticket(struct tls_stream *stream) {
    (void)SSL_new_session_ticket(stream->ssl); /* TLS 1.2 has none in the middle of a connection */
    ERR_clear_error();
}

void stream_describe(const struct tls_stream *stream, struct tls_facts *ret) {
    const SSL *ssl = stream->ssl;
    *ret = (struct tls_facts){.version = SSL_get_version(ssl),
                              .cipher = SSL_get_cipher_name(ssl),
                              .resumed = SSL_session_reused(ssl) == 1};
    if (SSL_get_verify_result(ssl) == X509_V_OK)
        certificate_describe(SSL_get0_peer_certificate(ssl), &ret->peer);
}

const char *stream_error(const struct tls_stream *stream) {
    return stream->error;
}
