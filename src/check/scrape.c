#include "check/scrape.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/descriptors.h"
#include "check/figures.h"
#include "check/http.h"
#include "log/log.h"
#include "log/metrics.h"
#include "sandbox/sandbox.h"
#include "users/privileges.h"

enum {
    REQUEST_MOST = 8192, /* bytes of a request */
    TIME = 5,            /* s for all of it, and for the reply */
    DROP_TIME = 1000     /* ms that the rest of what cannot be understood is dropped */
};

static const char openmetrics_type[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char plain_type[] = "text/plain; charset=utf-8";

/* ---------------------------------------------------------------- the connection */

/* Reads until the head is whole. Returns how many bytes came. */
static size_t read_request(char *text, long long deadline) {
    size_t n = 0;
    while (n < REQUEST_MOST && !http_is_whole(text, n)) {
        struct pollfd ready = {.fd = DESCRIPTOR_IN, .events = POLLIN};
        long long left = deadline - clock_ms();
        if (left <= 0 || await_poll(&ready, 1, (int)left) <= 0)
            break;
        ssize_t got = read(DESCRIPTOR_IN, text + n, REQUEST_MOST - n);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

static void write_all(const char *bytes, size_t n, long long deadline) {
    while (n > 0) {
        struct pollfd ready = {.fd = DESCRIPTOR_OUT, .events = POLLOUT};
        long long left = deadline - clock_ms();
        if (left <= 0 || await_poll(&ready, 1, (int)left) <= 0)
            return;
        ssize_t written = write(DESCRIPTOR_OUT, bytes, n);
        if (written < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (written <= 0)
            return;
        bytes += written;
        n -= (size_t)written;
    }
}

/* Closing with unread bytes would reset the connection, and take the reply away. */
static void drop_rest(void) {
    static char rest[REQUEST_MOST];
    long long deadline = clock_ms() + DROP_TIME;
    ssize_t got = 1;
    while (got > 0 && clock_ms() < deadline) {
        struct pollfd ready = {.fd = DESCRIPTOR_IN, .events = POLLIN};
        got = await_poll(&ready, 1, (int)(deadline - clock_ms())) > 0
                  ? read(DESCRIPTOR_IN, rest, sizeof(rest))
                  : 0;
    }
}

static const char *phrase_of(int status) {
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

static void reply(int status, const char *type, const char *body, size_t n) {
    char head[512];
    long long deadline = clock_deadline(TIME);
    int length =
        snprintf(head, sizeof(head),
                 "HTTP/1.0 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "%sCache-Control: no-store\r\nConnection: close\r\n\r\n",
                 status, phrase_of(status), type, n, status == 405 ? "Allow: GET\r\n" : "");
    write_all(head, (size_t)length, deadline);
    write_all(body, n, deadline);
}

static void reply_line(int status, const char *line) {
    char body[128];
    int n = snprintf(body, sizeof(body), "%s\n", line);
    reply(status, plain_type, body, (size_t)n);
}

/* ---------------------------------------------------------------- the answers */

/* All that can be answered. */
struct answers {
    char *text[2]; /* the figures; with index 1 as OpenMetrics */
    size_t size[2];
    const char *ill;
    bool none; /* there are no figures */
};

static void prepare(struct answers *answers, const struct config *config, const struct log *log) {
    struct figures figures;
    int result = figures_read(&figures, config);
    answers->none = result < 0;
    answers->ill = figures.ill;
    if (result < 0)
        log_event(log, EVENT_RECORD_BROKEN, "No metrics: %s: %s",
                  config->metrics_file ? config->metrics_file : "--metrics-file",
                  config->metrics_file ? metrics_reason(result) : "is not set");
    for (int i = 0; i < 2 && result == 0; i++) {
        FILE *to = open_memstream(&answers->text[i], &answers->size[i]);
        if (to)
            figures_write(to, &figures, i == 1);
        answers->none = !to || fclose(to) != 0;
    }
    figures_free(&figures);
}

static void answer(const struct answers *answers, const struct http_request *request) {
    bool wants_figures = request->what == HTTP_METRICS;
    if (request->status != 200)
        reply_line(request->status, phrase_of(request->status));
    else if (wants_figures && answers->none)
        reply_line(503, "no metrics: see the log");
    else if (wants_figures)
        reply(200, request->openmetrics ? openmetrics_type : metrics_type,
              answers->text[request->openmetrics], answers->size[request->openmetrics]);
    else
        reply_line(answers->ill ? 503 : 200, answers->ill ? answers->ill : "ok");
}

/* Gives up all that is not needed to answer. Returns 0 or a negative errno. */
static int confine(const struct config *config, const struct log *log) {
    struct privileges_target user;
    int result = privileges_find(config->user, &user);
    if (result == 0)
        result = privileges_drop(&user);
    return result < 0 ? result : sandbox_enter_helper(config, log);
}

int scrape_serve(const struct config *config, const struct log *log, const char *complaint) {
    static char text[REQUEST_MOST]; /* static only for its size */
    struct answers answers = {.ill = "wrong settings: see the log", .none = true};
    if (complaint)
        log_event(log, EVENT_CANNOT_START, "Cannot start: %s", complaint);
    else
        prepare(&answers, config, log);
    int result = confine(config, log);
    if (result < 0) {
        log_event(log, EVENT_CANNOT_START, "Cannot start: cannot be confined: %s",
                  strerror(-result));
        reply_line(503, answers.ill ? answers.ill : "not confined: see the log");
        drop_rest();
        return EX_OSERR;
    }
    size_t n = read_request(text, clock_deadline(TIME));
    const struct http_request request = http_understand(text, n);
    answer(&answers, &request);
    if (request.status == 400)
        drop_rest();
    free(answers.text[0]);
    free(answers.text[1]);
    return complaint ? EX_CONFIG : EX_OK;
}
