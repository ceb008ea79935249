/*
 * usage_text: the text in which the usage of a home is kept. Pure.
 *
 *   BOOT clean BYTES COUNTED TOOK NAMES     one line, always of the same width
 *   OWNER                                   any number of lines
 */
#ifndef STORD_USAGE_TEXT_H
#define STORD_USAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    USAGE_TEXT_BOOT_SIZE = 36 + 1, /* an id of the kernel, with NUL */
    USAGE_TEXT_LINE_LENGTH =
        36 + 1 + 5 + 1 + 19 + 1 + 15 + 1 + 10 + 1 + 19 + 1, /* with its line end */
};

/* The most that can be counted. */
#define AMOUNT_MOST ((uint64_t)INT64_MAX)

/* What counts. */
struct amount {
    uint64_t bytes; /* of files, */
    uint64_t names; /* of those and of folders */
};

/* Their sum, up to AMOUNT_MOST; and a without b, 0 if b is more. */
struct amount amount_add(struct amount a, struct amount b);
struct amount amount_subtract(struct amount a, struct amount b);

/* The first line. */
struct usage_text {
    char boot[USAGE_TEXT_BOOT_SIZE]; /* the boot of the machine in which it was written */
    bool clean;                      /* else a change was under way */
    struct amount held;              /* each up to AMOUNT_MOST */
    uint64_t counted;                /* when the files were last looked at: ms since 1970 */
    uint64_t took;                   /* how long that took, in ms */
};

/* Writes the line, and a NUL. A number that is too large becomes the largest that fits. */
void usage_text_format(const struct usage_text *count, char ret_line[USAGE_TEXT_LINE_LENGTH + 1]);

/* Reads the line at the beginning of n bytes. Returns false if it is not one. */
bool usage_text_parse(struct usage_text *ret_count, const char *text, size_t n);

/* Are n bytes lines of owners, each with a line end? */
bool usage_text_has_owners(const char *owners, size_t n);

/* Is that one among them? owners ends with a NUL. */
bool usage_text_has_owner(const char *owners, const char *owner);

#endif
