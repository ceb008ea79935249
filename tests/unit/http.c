#include "check/http.c"

#include <stdlib.h>

#include "check.h"

static struct http_request understand(const char *text) {
    return http_understand(text, strlen(text));
}

static void requests_are_understood(void) {
    static const struct {
        const char *text;
        int status;
        enum http_what what;
        bool openmetrics;
    } requests[] = {
        {"GET /metrics HTTP/1.0\r\n\r\n", 200, HTTP_METRICS, false},
        {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200, HTTP_METRICS, false},
        {"GET /metrics HTTP/1.1\nHost: x\n\n", 200, HTTP_METRICS, false},
        {"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 200, HTTP_HEALTH, false},
        {"GET /metrics HTTP/1.1\r\naCCept: text/html, "
         "application/openmetrics-text;version=1.0.0\r\n\r\n",
         200, HTTP_METRICS, true},
        {"GET /metrics HTTP/1.1\r\nX-Accept: application/openmetrics-text\r\n\r\n", 200,
         HTTP_METRICS, false},
        {"GET / HTTP/1.1\r\n\r\n", 404, HTTP_NOTHING, false},
        {"GET /metrics/ HTTP/1.1\r\n\r\n", 404, HTTP_NOTHING, false},
        {"GET /metrics?a=b HTTP/1.1\r\n\r\n", 404, HTTP_NOTHING, false},
        {"GET /../etc/passwd HTTP/1.1\r\n\r\n", 404, HTTP_NOTHING, false},
        {"POST /none HTTP/1.1\r\n\r\n", 404, HTTP_NOTHING, false},
        {"POST /metrics HTTP/1.1\r\n\r\n", 405, HTTP_METRICS, false},
        {"HEAD /health HTTP/1.1\r\n\r\n", 405, HTTP_HEALTH, false},
        {"", 400, HTTP_NOTHING, false},
        {"\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET /metrics\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET /metrics HTTP/1.0\r\n", 400, HTTP_NOTHING, false},
        {"GET /metrics HTTP/2\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET /metrics HTTP/1.0 \r\n\r\n", 200, HTTP_METRICS, false},
        {"GET /metrics HTTP/1.0 x\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET  /metrics HTTP/1.0\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET metrics HTTP/1.0\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET http://x/metrics HTTP/1.0\r\n\r\n", 400, HTTP_NOTHING, false},
        {"get /metrics HTTP/1.0\r\n\r\n", 400, HTTP_NOTHING, false},
        {" /metrics HTTP/1.0\r\n\r\n", 400, HTTP_NOTHING, false},
        {"GET /metrics HTTP/1.0\r\nno colon\r\n\r\n", 400, HTTP_METRICS, false},
        {"GET /metrics HTTP/1.0\r\n: x\r\n\r\n", 400, HTTP_METRICS, false},
        {"USER anonymous\r\n\r\n", 400, HTTP_NOTHING, false},
    };
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct http_request request = understand(requests[i].text);
        CHECK(request.status == requests[i].status);
        CHECK(request.status == 400 || request.what == requests[i].what);
        CHECK(request.status == 400 || request.openmetrics == requests[i].openmetrics);
    }
}

/* Whatever comes, and wherever it is cut off, no byte behind it is read (the sanitizers look), and
 * there is an answer. */
static void nonsense_is_400(void) {
    static const char good[] = "GET /metrics HTTP/1.1\r\nAccept: a\r\n\r\n";
    const size_t length = sizeof(good) - 1;
    unsigned seed = 1;
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = malloc(cut + 1); /* exactly so much is allowed */
        memcpy(copy, good, cut);
        CHECK(!http_is_whole(copy, cut) && http_understand(copy, cut).status == 400);
        free(copy);
    }
    for (int i = 0; i < 20000; i++) {
        char *copy = malloc(length);
        memcpy(copy, good, length);
        for (int changes = 1 + i % 4; changes > 0; changes--) {
            seed = seed * 1103515245 + 12345;
            copy[(seed >> 16) % length] = (char)(seed >> 8);
        }
        int status = http_understand(copy, length).status;
        CHECK(status == 200 || status == 400 || status == 404 || status == 405);
        free(copy);
    }
}

int main(void) {
    check_run("http: requests are understood", requests_are_understood);
    check_run("http: nonsense is 400", nonsense_is_400);
    return check_end();
}
