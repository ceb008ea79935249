/*
 * count: the text in which the usage of a home is kept. Pure.
 *
 *   BOOT clean BYTES COUNTED TOOK NAMES     one line, always of the same width
 *   OWNER                                   any number of lines
 */
#ifndef STORD_COUNT_H
#define STORD_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    COUNT_BOOT_SIZE = 36 + 1, /* an id of the kernel, with its NUL */
    COUNT_LINE_LENGTH = 36 + 1 + 5 + 1 + 19 + 1 + 15 + 1 + 10 + 1 + 19 + 1, /* with its line end */
};

/* The most that can be counted. */
#define COUNT_MOST ((uint64_t)INT64_MAX)

/* What counts. */
struct amount {
    uint64_t bytes; /* of files, */
    uint64_t names; /* of those and of folders */
};

/* Both together, up to COUNT_MOST; and what is left of a without b, nothing where b is more. */
struct amount count_add(struct amount a, struct amount b);
struct amount count_subtract(struct amount a, struct amount b);

/* The first line. */
struct count {
    char boot[COUNT_BOOT_SIZE]; /* the boot of the machine in which it was written */
    bool clean;                 /* else somebody was about to change something */
    struct amount held;         /* each up to COUNT_MOST */
    uint64_t counted;           /* when the files were last looked at: ms since 1970 */
    uint64_t took;              /* how long that took, in ms */
};

/* Writes the line, and a NUL behind it. What is too large is written as the most that fits. */
void count_format(const struct count *count, char ret_line[COUNT_LINE_LENGTH + 1]);

/* Reads the line at the beginning of n bytes. False when it is none. */
bool count_parse(struct count *ret_count, const char *text, size_t n);

/* Are n bytes lines of owners, with a line end behind each? */
bool count_has_owners(const char *owners, size_t n);

/* Is that one among them? owners ends with a NUL. */
bool count_has_owner(const char *owners, const char *owner);

#endif
