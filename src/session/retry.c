#include "session/retry.h"

#include <string.h>

void retry_reset(struct retry *retry) {
    retry->lost = 0;
}

void retry_note(struct retry *retry, const char *path, uint64_t lost) {
    memcpy(retry->path, path, strlen(path) + 1);
    retry->lost = lost;
}

void retry_forget(struct retry *retry, const char *path) {
    if (strcmp(retry->path, path) == 0)
        retry_reset(retry);
}

bool retry_had_more(const struct retry *retry, const char *path, uint64_t bytes) {
    return strcmp(retry->path, path) == 0 && bytes < retry->lost;
}
