#include "store/usage_text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the fields of the line begin */
enum { CLEAN_AT = 37, BYTES_AT = 43, COUNTED_AT = 63, TOOK_AT = 79, NAMES_AT = 90 };

#define COUNTED_MOST 999999999999999ULL
#define TOOK_MOST    9999999999ULL

static uint64_t add(uint64_t a, uint64_t b) {
    return a < AMOUNT_MOST && b < AMOUNT_MOST - a ? a + b : AMOUNT_MOST;
}

struct amount amount_add(struct amount a, struct amount b) {
    return (struct amount){.bytes = add(a.bytes, b.bytes), .names = add(a.names, b.names)};
}

struct amount amount_subtract(struct amount a, struct amount b) {
    return (struct amount){.bytes = a.bytes > b.bytes ? a.bytes - b.bytes : 0,
                           .names = a.names > b.names ? a.names - b.names : 0};
}

static unsigned long long at_most(uint64_t value, unsigned long long most) {
    return value < most ? value : most;
}

void usage_text_format(const struct usage_text *count, char ret_line[USAGE_TEXT_LINE_LENGTH + 1]) {
    (void)snprintf(ret_line, USAGE_TEXT_LINE_LENGTH + 1,
                   "%-36.36s %s %019llu %015llu %010llu %019llu\n", count->boot,
                   count->clean ? "clean" : "dirty", at_most(count->held.bytes, AMOUNT_MOST),
                   at_most(count->counted, COUNTED_MOST), at_most(count->took, TOOK_MOST),
                   at_most(count->held.names, AMOUNT_MOST));
}

/* A line must be exactly as it would be written. */
bool usage_text_parse(struct usage_text *ret_count, const char *text, size_t n) {
    char line[USAGE_TEXT_LINE_LENGTH + 1], again[USAGE_TEXT_LINE_LENGTH + 1];
    if (n < USAGE_TEXT_LINE_LENGTH)
        return false;
    memcpy(line, text, USAGE_TEXT_LINE_LENGTH);
    line[USAGE_TEXT_LINE_LENGTH] = '\0';
    struct usage_text count = {.clean = memcmp(line + CLEAN_AT, "clean", 5) == 0,
                               .held = {.bytes = strtoull(line + BYTES_AT, NULL, 10),
                                        .names = strtoull(line + NAMES_AT, NULL, 10)},
                               .counted = strtoull(line + COUNTED_AT, NULL, 10),
                               .took = strtoull(line + TOOK_AT, NULL, 10)};
    memcpy(count.boot, line, strcspn(line, " ") < USAGE_TEXT_BOOT_SIZE ? strcspn(line, " ") : 0);
    usage_text_format(&count, again);
    if (memcmp(line, again, sizeof(line)) != 0)
        return false;
    *ret_count = count;
    return true;
}

static bool is_owner_byte(char byte) {
    return isalnum((unsigned char)byte) || byte == '-' || byte == '_' || byte == '%' || byte == '.';
}

/* The length of an owner before its line end, or 0 if it is not one. */
static size_t owner_length(const char *owner, size_t n) {
    size_t length = 0;
    while (length < n && is_owner_byte(owner[length]))
        length++;
    bool good = length < n && owner[length] == '\n' && owner[0] != '.';
    return good ? length : 0;
}

bool usage_text_has_owners(const char *owners, size_t n) {
    for (size_t at = 0; at < n;) {
        size_t length = owner_length(owners + at, n - at);
        if (length == 0)
            return false;
        at += length + 1;
    }
    return true;
}

bool usage_text_has_owner(const char *owners, const char *owner) {
    size_t length = strlen(owner);
    while (*owners) {
        size_t n = strcspn(owners, "\n");
        if (n == length && memcmp(owners, owner, n) == 0)
            return true;
        owners += n + (owners[n] == '\n');
    }
    return false;
}
