/*
 * tls: what TLS makes of a connection (RFC 8446, RFC 5246; for FTP: RFC 4217).
 *
 * OpenSSL does it; only the sources in src/tls/ include its headers. They are the module
 * stord-tls.so, which handler loads if TLS is configured; client is linked with them. Descriptors
 * must not block, and stay the caller's.
 */
#ifndef STORD_TLS_H
#define STORD_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/fingerprint.h"

#define TLS_MODULE "stord-tls.so"
#define TLS_SYMBOL "stord_tls"

enum {
    TLS_ERROR_SIZE = 256,
    TLS_SUBJECT_SIZE = 512,
    TLS_FINGERPRINT_SIZE = FINGERPRINT_SIZE,
    TLS_HANDSHAKE = 0x16 /* the first byte of a ClientHello: RFC 8446 section 5.1 */
};

/* What tls_library's functions return in addition to negative errnos */
#define TLS_TRUNCATED (-ENODATA) /* the connection ended without close_notify */
#define TLS_TORN      (-ENOLINK) /* the same in the middle of a record: bytes are missing */
#define TLS_BROKEN    (-EPROTO)  /* against the protocol, or refused: see `error` */

struct tls_context; /* certificate, key, and what the other side must show */
struct tls_stream;  /* one connection */

struct tls_server_settings {
    const char *certificate; /* file: the chain as PEM, the server's own first */
    const char *key;         /* file: its private key as PEM */
    const char *client_ca;   /* file: CAs of client certificates; NULL: none are asked for */
    bool lenient;            /* a connection may end without close_notify: read returns 0 then */
};

struct tls_client_settings {
    const char *host;        /* the name that the certificate must have */
    const char *ca;          /* file: CAs that may sign it; NULL: the system's */
    const char *pin;         /* the certificate's fingerprint, which replaces both; or NULL */
    const char *certificate; /* file: the client's chain; or NULL */
    const char *key;         /* file: its private key */
};

/* A certificate as text. Empty strings: none. */
struct tls_certificate {
    char fingerprint[TLS_FINGERPRINT_SIZE]; /* its SHA-256, in lower case */
    char subject[TLS_SUBJECT_SIZE];         /* in the form of RFC 2253; "" if it is too long */
    time_t expires;
};

/* A connection after its handshake. */
struct tls_facts {
    const char *version; /* "TLSv1.3" */
    const char *cipher;
    bool resumed;                /* a session of this context was resumed */
    struct tls_certificate peer; /* the other side's, which was accepted */
};

/* The module. Errors as text: in the parameter `error`, or from the function `error`. */
struct tls_library {
    /* Makes a context. Returns 0 or a negative errno with the reason in error. A server's
     * certificate that has expired or does not fit its key is an error. */
    int (*serve)(const struct tls_server_settings *settings, struct tls_context **ret_context,
                 char error[TLS_ERROR_SIZE]);
    /* Makes a server's context ready, if it is not; needed before `open`. Half of the work is left
     * for then, because clients that never begin TLS have no use for it. No file is read.
     * Returns as `serve`: the system's policy may refuse the certificate. */
    int (*ready)(struct tls_context *context, char error[TLS_ERROR_SIZE]);
    int (*use)(const struct tls_client_settings *settings, struct tls_context **ret_context,
               char error[TLS_ERROR_SIZE]);
    void (*free_context)(struct tls_context *context);
    /* When our own certificate expires; 0: not known. */
    time_t (*expires)(const struct tls_context *context);
    /* Our own certificate. */
    void (*describe_context)(const struct tls_context *context, struct tls_certificate *ret);

    /* Begins TLS on a connection. beside: NULL for a control connection; for a data connection the
     * control connection whose session is to be resumed. Returns NULL if memory is short. */
    struct tls_stream *(*open)(struct tls_context *context, int in, int out,
                               struct tls_stream *beside);
    void (*free_stream)(struct tls_stream *stream);
    /* This and the next three return -EAGAIN if the connection is not ready: poll it for `events`
     * then. */
    int (*handshake)(struct tls_stream *stream);
    /* Returns bytes, as many as are there, 0 after close_notify, TLS_TRUNCATED, TLS_TORN,
     * TLS_BROKEN, or another negative errno. */
    ssize_t (*read)(struct tls_stream *stream, void *bytes, size_t n);
    /* Returns how many were written: perhaps not all. After -EAGAIN the same bytes must come. */
    ssize_t (*write)(struct tls_stream *stream, const void *bytes, size_t n);
    /* Sends close_notify. The other side may go on sending. */
    int (*end)(struct tls_stream *stream);

    /* What the last function waited for: POLLIN or POLLOUT; 0 if it did not. */
    short (*events)(const struct tls_stream *stream);
    /* May hold bytes, or the end, that poll(2) cannot see: until `read` has returned less than it
     * was asked for. */
    bool (*has_buffered)(const struct tls_stream *stream);
    /* Whether more than one record may be read at once from the connection: faster, but what
     * follows the end of TLS is lost. */
    void (*read_ahead)(struct tls_stream *stream, bool on);
    /* The connection may end without close_notify. */
    void (*be_lenient)(struct tls_stream *stream);
    /* For a server's control connection: the next write also sends a ticket for the next data
     * connection. */
    void (*renew_ticket)(struct tls_stream *stream);
    void (*describe)(const struct tls_stream *stream, struct tls_facts *ret);
    const char *(*error)(const struct tls_stream *stream);
};

/* Loads the module. Returns it, or NULL with *ret_error saying why (valid until the next call). */
const struct tls_library *tls_load(const char **ret_error);

#endif
