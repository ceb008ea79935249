#include "store/ascii.h"

#include <string.h>

size_t ascii_to_local(struct ascii *ascii, uint8_t **bytes, size_t n) {
    uint8_t *in = *bytes, *end = *bytes + n;
    if (n == 0)
        return 0;
    if (ascii->cr) {
        *--in = '\r';
        *bytes = in;
        ascii->cr = false;
    }
    uint8_t *out = in;
    while (in < end) {
        uint8_t *cr = memchr(in, '\r', (size_t)(end - in));
        size_t plain = (size_t)((cr ? cr : end) - in);
        if (out != in)
            memmove(out, in, plain);
        out += plain;
        in += plain;
        if (!cr)
            break;
        if (in + 1 == end) {
            ascii->cr = true;
            break;
        }
        *out++ = in[1] == '\n' ? '\n' : '\r';
        in += in[1] == '\n' || in[1] == '\0' ? 2 : 1;
    }
    return (size_t)(out - *bytes);
}

size_t ascii_to_network(struct ascii *ascii, const uint8_t *bytes, size_t n, uint8_t *out) {
    const uint8_t *end = bytes + n;
    uint8_t *to = out;
    while (bytes < end) {
        const uint8_t *lf = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t plain = (size_t)((lf ? lf : end) - bytes);
        if (plain > 0) {
            memcpy(to, bytes, plain);
            ascii->cr = bytes[plain - 1] == '\r';
        }
        to += plain;
        bytes += plain;
        if (!lf)
            break;
        if (!ascii->cr)
            *to++ = '\r';
        *to++ = *bytes++;
        ascii->cr = false;
    }
    return (size_t)(to - out);
}
