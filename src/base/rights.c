#include "base/rights.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *word;
    enum right right;
} rows[] = {
    {"upload", RIGHT_UPLOAD}, {"append", RIGHT_APPEND}, {"replace", RIGHT_REPLACE},
    {"list", RIGHT_LIST},     {"read", RIGHT_READ},     {"mkdir", RIGHT_MKDIR},
    {"rename", RIGHT_RENAME}, {"delete", RIGHT_DELETE},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static enum right find(const char *word, size_t length) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strlen(rows[i].word) == length && memcmp(rows[i].word, word, length) == 0)
            return rows[i].right;
    }
    return RIGHT_NONE;
}

int rights_parse(const char *words) {
    unsigned rights = 0;
    while (*words) {
        words += strspn(words, " ");
        size_t length = strcspn(words, ","), blanks = 0;
        while (blanks < length && words[length - blanks - 1] == ' ')
            blanks++;
        enum right right = find(words, length - blanks);
        if (right == RIGHT_NONE)
            return -1;
        rights |= right;
        words += length;
        if (strcmp(words, ",") == 0)
            return -1; /* a comma at the end */
        words += *words == ',';
    }
    return (int)rights;
}

const char *right_word(unsigned rights) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].right & rights)
            return rows[i].word;
    }
    return "no";
}

bool rights_cannot_write(unsigned rights) {
    return rights & (RIGHT_RENAME | RIGHT_DELETE) && !(rights & (RIGHT_UPLOAD | RIGHT_APPEND));
}
