/*
 * Fuzzes what understands requests for metrics.
 */
#include <stdint.h>
#include <stdlib.h>

#include "check/http.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
    if (!condition)
        abort();
}

/* There is always an answer; nothing is served before the head is whole, and what comes after it
 * changes nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct http_request request = http_understand(text, size);
    must(request.status == 200 || request.status == 400 || request.status == 404 ||
         request.status == 405);
    must(request.status == 400 || http_is_whole(text, size));
    must(request.status != 200 || (request.what != HTTP_NOTHING && memcmp(text, "GET /", 5) == 0));
    return 0;
}
