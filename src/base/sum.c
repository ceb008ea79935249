#include "base/sum.h"

#include <string.h>

#define PRIME UINT64_C(0x9e3779b97f4a7c15)

enum { WORD = 8 /* bytes that are added at once */ };

uint64_t sum_add(uint64_t sum, const void *bytes, size_t n) {
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n; i += WORD) {
        uint64_t word = 0;
        size_t length = n - i < WORD ? n - i : WORD;
        memcpy(&word, at + i, length);
        sum = (sum ^ word ^ (uint64_t)length << 56) * PRIME;
        sum ^= sum >> 29;
    }
    return sum;
}

uint64_t sum_add_text(uint64_t sum, const char *text) {
    return sum_add(sum, text, strlen(text));
}

uint64_t sum_add_number(uint64_t sum, uint64_t number) {
    return sum_add(sum, &number, sizeof(number));
}
