/*
 * A stand-in for TLS (src/net/tls.h), for fuzzers: no cryptography, but everything that TLS may do
 * to who uses it. A plan, a byte for each call, says when it stalls, gives little, ends, fails or
 * tears; a plan that is used up has nothing more to say, and all goes well.
 *
 * It keeps bytes that poll(2) does not tell of. It holds its user to what tls.h says: nothing
 * before the handshake, nothing behind the end, and after -EAGAIN the same bytes again.
 */
#ifndef STORD_TESTS_FUZZ_TLS_STANDIN_H
#define STORD_TESTS_FUZZ_TLS_STANDIN_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tls.h"

enum {
    STANDIN_STREAMS = 256, /* at once */
    STANDIN_RECORD = 64    /* bytes that are received at once */
};

struct tls_context {
    int unused;
};

struct tls_stream {
    int in, out;
    struct tls_stream *beside;
    bool used, shaken, ended; /* ended: reading is over, */
    bool said_end;            /* and so is writing */
    int how;                  /* what reading ended with */
    short events;
    uint8_t record[STANDIN_RECORD]; /* received, and not read */
    size_t at, have;
    size_t owed;        /* bytes that have to come again, */
    uint8_t owed_first; /* and the first one */
};

static struct {
    const uint8_t *plan;
    size_t size, at;
    struct tls_stream streams[STANDIN_STREAMS];
    int last_end;  /* how reading the last data connection ended; 1: it has not */
    bool told_end; /* writing to it has ended with close_notify */
    bool torn;     /* a write has failed: what was sent may be cut off */
    int inside;    /* where what comes over control connections is read from; -1: from themselves */
} standin;

static struct tls_context standin_context;

static void standin_broken(const char *condition, const char *file, int line) {
    (void)fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    abort();
}

#define STANDIN_MUST(condition)                                                                    \
    ((condition) ? (void)0 : standin_broken(#condition, __FILE__, __LINE__))

/* Begins anew, by that plan. */
static void standin_reset(const uint8_t *plan, size_t size) {
    memset(&standin, 0, sizeof(standin));
    standin.plan = plan;
    standin.size = size;
    standin.last_end = 1;
    standin.inside = -1;
}

/* How many streams are open. */
static size_t standin_open(void) {
    size_t open = 0;
    for (size_t i = 0; i < STANDIN_STREAMS; i++)
        open += standin.streams[i].used;
    return open;
}

/* The next byte of the plan: 0 when all is to go well. */
static uint8_t standin_next(void) {
    return standin.at < standin.size ? standin.plan[standin.at++] : 0;
}

enum fate { WELL, LITTLE, WAITS_TO_READ, WAITS_TO_WRITE, ENDS, TEARS, FAILS, IS_RESET };

static enum fate standin_fate(void) {
    return (enum fate)(standin_next() % 8);
}

static int standin_wait(struct tls_stream *stream, short events) {
    stream->events = events;
    return -EAGAIN;
}

/* What a call comes to that does not go well; 1: it does, perhaps with little. */
static int standin_misfortune(struct tls_stream *stream, enum fate fate) {
    stream->events = 0;
    switch (fate) {
    case WAITS_TO_READ:
        return standin_wait(stream, POLLIN);
    case WAITS_TO_WRITE:
        return standin_wait(stream, POLLOUT);
    case ENDS:
        return TLS_TRUNCATED;
    case TEARS:
        return TLS_TORN;
    case FAILS:
        return TLS_BROKEN;
    case IS_RESET:
        return -ECONNRESET;
    default:
        return 1;
    }
}

static int standin_serve(const struct tls_server_settings *settings,
                         struct tls_context **ret_context, char error[TLS_ERROR_SIZE]) {
    (void)settings;
    (void)error;
    *ret_context = &standin_context;
    return 0;
}

static int standin_use(const struct tls_client_settings *settings, struct tls_context **ret_context,
                       char error[TLS_ERROR_SIZE]) {
    (void)settings;
    (void)error;
    *ret_context = &standin_context;
    return 0;
}

static void standin_free_context(struct tls_context *context) {
    (void)context;
}

static int standin_ready(struct tls_context *context, char error[TLS_ERROR_SIZE]) {
    (void)context;
    (void)error;
    return 0;
}

static time_t standin_expires(const struct tls_context *context) {
    (void)context;
    return 0;
}

static void standin_describe_context(const struct tls_context *context,
                                     struct tls_certificate *ret) {
    (void)context;
    *ret = (struct tls_certificate){0};
}

static struct tls_stream *standin_begin(struct tls_context *context, int in, int out,
                                        struct tls_stream *beside) {
    STANDIN_MUST(context == &standin_context && in >= 0 && out >= 0);
    if (standin_next() % 32 == 31)
        return NULL; /* memory is short */
    if (beside) {
        standin.last_end = 1;
        standin.told_end = false;
    } else if (standin.inside >= 0)
        in = standin.inside;
    for (size_t i = 0; i < STANDIN_STREAMS; i++) {
        if (!standin.streams[i].used) {
            standin.streams[i] =
                (struct tls_stream){.in = in, .out = out, .beside = beside, .used = true};
            return &standin.streams[i];
        }
    }
    return NULL;
}

static void standin_free_stream(struct tls_stream *stream) {
    if (stream)
        stream->used = false;
}

static int standin_handshake(struct tls_stream *stream) {
    STANDIN_MUST(stream->used && !stream->shaken && !stream->ended);
    int result = standin_misfortune(stream, standin_fate());
    stream->shaken = result == 1;
    if (result == 1)
        return 0;
    stream->ended = result != -EAGAIN;
    stream->how = result;
    return result;
}

/* Receives a record, where there is none. Returns 0 or what reading comes to. */
static ssize_t standin_receive(struct tls_stream *stream) {
    if (stream->at < stream->have)
        return 0;
    ssize_t n = recv(stream->in, stream->record, STANDIN_RECORD, MSG_DONTWAIT);
    if (n < 0 && errno == ENOTSOCK)
        n = read(stream->in, stream->record, STANDIN_RECORD);
    if (n < 0)
        return errno == EAGAIN ? standin_wait(stream, POLLIN) : -errno;
    stream->at = 0;
    stream->have = (size_t)n;
    if (n > 0)
        return 0;
    return standin_next() % 2 ? TLS_TRUNCATED : TLS_TORN; /* there was no close_notify */
}

static ssize_t standin_give(struct tls_stream *stream, void *bytes, size_t n) {
    size_t room = stream->have - stream->at, piece = n < room ? n : room;
    memcpy(bytes, stream->record + stream->at, piece);
    stream->at += piece;
    return (ssize_t)piece;
}

static ssize_t standin_finish(struct tls_stream *stream, int how) {
    stream->ended = true;
    stream->how = how;
    if (stream->beside)
        standin.last_end = how;
    return how;
}

static ssize_t standin_read(struct tls_stream *stream, void *bytes, size_t n) {
    STANDIN_MUST(stream->used && stream->shaken);
    if (stream->ended)
        return stream->how;
    if (n == 0)
        return 0;
    uint8_t step = standin_next();
    int result = standin_misfortune(stream, (enum fate)(step % 8));
    if (result == -EAGAIN)
        return result;
    if (result == TLS_TRUNCATED && step & 8)
        return standin_finish(stream, 0); /* close_notify */
    if (result < 0)
        return standin_finish(stream, result);
    ssize_t received = standin_receive(stream);
    if (received == -EAGAIN)
        return received;
    if (received < 0)
        return standin_finish(stream, (int)received);
    return standin_give(stream, bytes, step % 8 == LITTLE ? 1 : n);
}

/* Some of the bytes, as the connection takes them. */
static ssize_t standin_put(struct tls_stream *stream, const void *bytes, size_t n) {
    ssize_t put = send(stream->out, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0 && errno == ENOTSOCK)
        put = write(stream->out, bytes, n);
    if (put < 0)
        return errno == EAGAIN ? standin_wait(stream, POLLOUT) : -errno;
    return put;
}

static ssize_t standin_write(struct tls_stream *stream, const void *bytes, size_t n) {
    STANDIN_MUST(stream->used && stream->shaken && !stream->said_end);
    if (n == 0)
        return 0;
    STANDIN_MUST(stream->owed <= n &&
                 (!stream->owed || stream->owed_first == *(const uint8_t *)bytes));
    enum fate fate = standin_fate();
    ssize_t result = standin_misfortune(stream, fate);
    if (result == 1)
        result = standin_put(stream, bytes, fate == LITTLE ? 1 : n);
    stream->owed = result == -EAGAIN ? n : 0;
    stream->owed_first = *(const uint8_t *)bytes;
    standin.torn |= result < 0 && result != -EAGAIN;
    return result;
}

static int standin_end(struct tls_stream *stream) {
    STANDIN_MUST(stream->used);
    if (!stream->shaken)
        return TLS_BROKEN;
    int result = standin_misfortune(stream, standin_fate());
    stream->said_end = result == 1;
    standin.told_end |= stream->beside && result == 1;
    return result == 1 ? 0 : result;
}

static short standin_events(const struct tls_stream *stream) {
    STANDIN_MUST(stream->used);
    return stream->events;
}

static bool standin_has_buffered(const struct tls_stream *stream) {
    return stream->at < stream->have || stream->ended;
}

static void standin_read_ahead(struct tls_stream *stream, bool on) {
    (void)on;
    STANDIN_MUST(stream->used);
}

static void standin_renew_ticket(struct tls_stream *stream) {
    STANDIN_MUST(stream->used && !stream->beside);
}

static void standin_describe(const struct tls_stream *stream, struct tls_facts *ret) {
    STANDIN_MUST(stream->used && stream->shaken);
    *ret = (struct tls_facts){.version = "TLSv1.3", .cipher = "none", .resumed = stream->beside};
}

static const char *standin_error(const struct tls_stream *stream) {
    return stream->how == TLS_BROKEN ? "broken, as was planned" : "";
}

/* Versions of clang-format do not agree here. */
/* clang-format off */
#define STANDIN_LIBRARY                                                                            \
    {                                                                                              \
        .serve = standin_serve, .ready = standin_ready, .use = standin_use,                        \
        .free_context = standin_free_context,                                                      \
        .expires = standin_expires, .describe_context = standin_describe_context, .open = standin_begin,                       \
        .free_stream = standin_free_stream, .handshake = standin_handshake, .read = standin_read,  \
        .write = standin_write, .end = standin_end, .events = standin_events,                      \
        .has_buffered = standin_has_buffered, .read_ahead = standin_read_ahead,                    \
        .renew_ticket = standin_renew_ticket, .describe = standin_describe, .error = standin_error \
    }
/* clang-format on */

#endif
