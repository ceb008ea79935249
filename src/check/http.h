/*
 * http: understands a request for metrics (RFC 1945, and what HTTP/1.1 has in common with it).
 * Pure.
 */
#ifndef STORD_HTTP_H
#define STORD_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* What is asked for. */
enum http_what { HTTP_METRICS, HTTP_HEALTH, HTTP_NOTHING };

struct http_request {
    int status; /* 200, 400, 404 or 405 */
    enum http_what what;
    bool openmetrics; /* that format is accepted */
};

/* Understands a request of n bytes, up to its empty line. */
struct http_request http_understand(const char *text, size_t n);

/* Has the whole head of a request come? */
bool http_is_whole(const char *text, size_t n);

#endif
