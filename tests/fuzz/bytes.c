/*
 * Fuzzes the pure parts that read bytes from strangers: line, ascii, path_resolve. Each is also
 * held against what must be true of it, whatever the bytes.
 */
#include <stdlib.h>

#include "base/path.c"
#include "net/line.c"
#include "store/ascii.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
    if (!condition)
        abort();
}

/* A line is the same in one piece and byte by byte, never longer than its limit, and ends at the
 * first LF, whatever stands before it. */
static void fuzz_line(const uint8_t *data, size_t size) {
    static struct line whole, single;
    memset(&whole, 0, sizeof(whole));
    memset(&single, 0, sizeof(single));
    while (size > 0) {
        bool ended = false, single_ended = false;
        size_t used = line_feed(&whole, data, size, &ended);
        const uint8_t *lf = memchr(data, '\n', size);
        must(ended == (lf != NULL) && used == (lf ? (size_t)(lf - data) + 1 : size));
        for (size_t i = 0; i < used; i++) {
            must(!single_ended);
            must(line_feed(&single, data + i, 1, &single_ended) == 1);
        }
        must(ended == single_ended);
        if (!ended) {
            line_end(&whole);
            line_end(&single);
        }
        must(whole.length <= LINE_LIMIT && whole.length == single.length);
        must(whole.fault == single.fault);
        must(memcmp(whole.text, single.text, whole.length + 1) == 0);
        must(whole.fault != LINE_GOOD || strlen(whole.text) == whole.length);
        line_reset(&whole);
        line_reset(&single);
        data += used;
        size -= used;
    }
}

static size_t convert(const uint8_t *data, size_t size, size_t step, uint8_t *out) {
    struct ascii ascii = {0};
    size_t length = 0;
    uint8_t *buffer = malloc(step + 1);
    must(buffer != NULL);
    for (size_t at = 0; at < size; at += step) {
        uint8_t *bytes = buffer + 1;
        size_t piece = size - at < step ? size - at : step;
        memcpy(bytes, data + at, piece);
        size_t got = ascii_to_local(&ascii, &bytes, piece);
        memcpy(out + length, bytes, got);
        length += got;
    }
    free(buffer);
    if (ascii.cr)
        out[length++] = '\r';
    return length;
}

/* However the bytes are split, the result is the one that a plain reading gives. */
static void fuzz_ascii(const uint8_t *data, size_t size) {
    uint8_t *plain = malloc(size + 1), *split = malloc(size + 1);
    must(plain && split);
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        bool in_line_end = data[i] == '\r' && i + 1 < size && data[i + 1] == '\n';
        bool behind_cr = data[i] == '\0' && i > 0 && data[i - 1] == '\r';
        if (!in_line_end && !behind_cr)
            plain[n++] = data[i];
    }
    for (size_t step = 1; step <= 5; step++) {
        must(convert(data, size, step, split) == n);
        must(memcmp(plain, split, n) == 0);
    }
    free(plain);
    free(split);
}

/* However the bytes are split, each LF without CR gets one, and nothing else changes. */
static void fuzz_ascii_out(const uint8_t *data, size_t size) {
    uint8_t *plain = malloc(2 * size + 1), *split = malloc(2 * size + 1);
    must(plain && split);
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            plain[n++] = '\r';
        plain[n++] = data[i];
    }
    for (size_t step = 1; step <= 5; step++) {
        struct ascii ascii = {0};
        size_t length = 0;
        for (size_t at = 0; at < size; at += step)
            length += ascii_to_network(&ascii, data + at, size - at < step ? size - at : step,
                                       split + length);
        must(length == n);
        must(memcmp(plain, split, n) == 0);
    }
    free(plain);
    free(split);
}

/* A resolved path is absolute, has no empty, "." or ".." parts, and resolves to itself. */
static void fuzz_path(const uint8_t *data, size_t size) {
    char name[PATH_SIZE * 2], path[PATH_SIZE], again[PATH_SIZE];
    size_t n = size < sizeof(name) - 1 ? size : sizeof(name) - 1;
    memcpy(name, data, n);
    name[n] = '\0';
    if (path_resolve("/some/folder", name, path) < 0)
        return;
    must(path[0] == '/' && strlen(path) < PATH_SIZE);
    must(strstr(path, "//") == NULL && strstr(path, "/./") == NULL && strstr(path, "/../") == NULL);
    must(strstr(path, "/" PATH_RESERVED_PREFIX) == NULL);
    must(path_resolve("/", path, again) == 0 && strcmp(path, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_line(data, size);
    fuzz_ascii(data, size);
    fuzz_ascii_out(data, size);
    fuzz_path(data, size);
    return 0;
}
