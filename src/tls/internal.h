/*
 * What the sources of the module share: the only ones that include OpenSSL.
 */
#ifndef STORD_TLS_INTERNAL_H
#define STORD_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

/* Our own certificate, what is behind it, and its key. */
struct tls_identity {
    X509 *certificate;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
};

struct tls_context {
    SSL_CTX *ssl; /* NULL: a server's that has not had to be ready yet */
    struct tls_identity identity;
    bool server;
    bool asks;                      /* server: for client certificates */
    SSL_SESSION *session;           /* of the newest control connection, to be resumed */
    bool lenient;                   /* connections may end without close_notify */
    char host[256];                 /* client: the name that the certificate must have */
    char pin[TLS_FINGERPRINT_SIZE]; /* client: the certificate's fingerprint; "": any valid one */
};

struct tls_stream {
    struct tls_context *context;
    SSL *ssl;
    const struct tls_stream *beside; /* the control connection; NULL: this is one */
    bool ended;                      /* reading is over, */
    int how;                         /* with this result */
    bool lenient;                    /* it may end without close_notify */
    short events;                    /* what -EAGAIN waits for */
    bool more;                       /* received bytes may wait in here */
    char error[TLS_ERROR_SIZE];
};

/* context: what those of servers and clients share */

/* Makes one without `ssl`, and reads the system's policy. Returns NULL if memory is short. */
struct tls_context *context_new(void);
/* Makes `ssl` with the common options; cache: SSL_SESS_CACHE_SERVER or _CLIENT. Returns 0, or
 * -ENOMEM with the reason in error. */
int context_set_up(struct tls_context *context, const SSL_METHOD *method, long cache,
                   char error[TLS_ERROR_SIZE]);
void context_free(struct tls_context *context);
time_t context_expires(const struct tls_context *context);
void context_describe(const struct tls_context *context, struct tls_certificate *ret);
/* reason: what OpenSSL complains about */

/* The reason of OpenSSL's oldest error, which the others follow from. */
const char *reason_text(void);
/* OpenSSL's complaint as text: "what file: reason". Empties its queue. */
void reason_explain(char error[TLS_ERROR_SIZE], const char *what, const char *file);

/* identity */

/* Reads the files. Returns 0 or -EINVAL with the reason in error. */
int identity_load(struct tls_identity *identity, const char *certificate, const char *key,
                  char error[TLS_ERROR_SIZE]);
/* Is it, with what is behind it, so strong that the system's policy will not mind? */
bool identity_is_strong(const struct tls_identity *identity);
bool identity_use(const struct tls_identity *identity, SSL_CTX *ssl);
void identity_free(struct tls_identity *identity);

/* server and client: contexts as in tls.h, and how their streams begin */

int server_open(const struct tls_server_settings *settings, struct tls_context **ret_context,
                char error[TLS_ERROR_SIZE]);
int server_ready(struct tls_context *context, char error[TLS_ERROR_SIZE]);
void server_begin(struct tls_stream *stream, const struct tls_stream *beside);
/* Returns 0, or TLS_BROKEN if a data connection is not the same client's. */
int server_finish(struct tls_stream *stream);

int client_open(const struct tls_client_settings *settings, struct tls_context **ret_context,
                char error[TLS_ERROR_SIZE]);
bool client_begin(struct tls_stream *stream, const struct tls_stream *beside);
/* Returns 0, or TLS_BROKEN if the certificate is not the pinned one. */
int client_finish(struct tls_stream *stream);

/* certificate */

void certificate_describe(X509 *certificate, struct tls_certificate *ret);
time_t certificate_expires(const X509 *certificate);

/* stream: as in tls.h */

struct tls_stream *stream_open(struct tls_context *context, int in, int out,
                               struct tls_stream *beside);
void stream_free(struct tls_stream *stream);
int stream_handshake(struct tls_stream *stream);
ssize_t stream_read(struct tls_stream *stream, void *bytes, size_t n);
ssize_t stream_write(struct tls_stream *stream, const void *bytes, size_t n);
int stream_end(struct tls_stream *stream);
short stream_events(const struct tls_stream *stream);
bool stream_has_buffered(const struct tls_stream *stream);
void stream_read_ahead(struct tls_stream *stream, bool on);
void stream_be_lenient(struct tls_stream *stream);
void stream_renew_ticket(struct tls_stream *stream);
void stream_describe(const struct tls_stream *stream, struct tls_facts *ret);
const char *stream_error(const struct tls_stream *stream);

#endif
