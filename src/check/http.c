#include "check/http.h"

#include <string.h>
#include <strings.h>

bool http_is_whole(const char *text, size_t n) {
    return memmem(text, n, "\n\r\n", 3) != NULL || memmem(text, n, "\n\n", 2) != NULL;
}

/* Cuts the word at *at off, which one blank ends, or the end of the line. */
static size_t take_word(const char **at, const char *end, const char **ret_word) {
    const char *word = *at, *blank = memchr(word, ' ', (size_t)(end - word));
    size_t length = (size_t)((blank ? blank : end) - word);
    *ret_word = word;
    *at = blank ? blank + 1 : end;
    return length;
}

static bool is_word(const char *word, size_t n, const char *wanted) {
    return strlen(wanted) == n && memcmp(word, wanted, n) == 0;
}

/* Is it one or more letters, as methods are? */
static bool is_method(const char *word, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (word[i] < 'A' || word[i] > 'Z')
            return false;
    }
    return n > 0;
}

/* HTTP/1.0 and 1.1 */
static bool is_version(const char *word, size_t n) {
    return is_word(word, n, "HTTP/1.0") || is_word(word, n, "HTTP/1.1");
}

/* The end of the line at `at`, without its CR; *ret_next: behind it. NULL: there is none. */
static const char *find_end(const char *at, const char *end, const char **ret_next) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    if (!line)
        return NULL;
    *ret_next = line + 1;
    return line > at && line[-1] == '\r' ? line - 1 : line;
}

/* Does a line of the head accept OpenMetrics? */
static bool accepts(const char *line, size_t n) {
    static const char accept[] = "accept:", type[] = "application/openmetrics-text";
    return n > sizeof(accept) && strncasecmp(line, accept, sizeof(accept) - 1) == 0 &&
           memmem(line, n, type, sizeof(type) - 1) != NULL;
}

static void read_head(struct http_request *request, const char *at, const char *end) {
    const char *next, *line_end;
    while ((line_end = find_end(at, end, &next)) && line_end > at) {
        size_t n = (size_t)(line_end - at);
        const char *colon = memchr(at, ':', n);
        if (!colon || colon == at || memchr(at, '\0', n))
            request->status = 400;
        request->openmetrics |= accepts(at, n);
        at = next;
    }
}

struct http_request http_understand(const char *text, size_t n) {
    struct http_request request = {.status = 400, .what = HTTP_NOTHING};
    const char *at = text, *end = text + n, *method, *path, *version, *next = text;
    const char *line_end = find_end(text, end, &next);
    if (!line_end || !http_is_whole(text, n))
        return request;
    size_t method_length = take_word(&at, line_end, &method);
    size_t path_length = take_word(&at, line_end, &path);
    size_t version_length = take_word(&at, line_end, &version);
    if (at != line_end || !is_method(method, method_length) || path_length == 0 || *path != '/' ||
        !is_version(version, version_length))
        return request;
    request.what = is_word(path, path_length, "/metrics")  ? HTTP_METRICS
                   : is_word(path, path_length, "/health") ? HTTP_HEALTH
                                                           : HTTP_NOTHING;
    request.status = request.what == HTTP_NOTHING            ? 404
                     : is_word(method, method_length, "GET") ? 200
                                                             : 405;
    read_head(&request, next, end);
    return request;
}
