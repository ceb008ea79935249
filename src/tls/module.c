#include "base/module.h"
#include "tls/internal.h"

MODULE_IS_OF_THIS_VERSION;

__attribute__((visibility("default"))) extern const struct tls_library stord_tls;

const struct tls_library stord_tls = {
    .serve = server_open,
    .ready = server_ready,
    .use = client_open,
    .free_context = context_free,
    .expires = context_expires,
    .describe_context = context_describe,
    .open = stream_open,
    .free_stream = stream_free,
    .handshake = stream_handshake,
    .read = stream_read,
    .write = stream_write,
    .end = stream_end,
    .events = stream_events,
    .has_buffered = stream_has_buffered,
    .read_ahead = stream_read_ahead,
    .be_lenient = stream_be_lenient,
    .renew_ticket = stream_renew_ticket,
    .describe = stream_describe,
    .error = stream_error,
};
