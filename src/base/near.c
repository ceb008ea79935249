#include "base/near.h"

#include <stdbool.h>
#include <string.h>

enum {
    LONGEST = 64, /* bytes of a word */
    FEW = 2,      /* letters that may be wrong, */
    PART = 4,     /* or one of so many */
    CONTAINED = 32
};

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* The distance of Damerau and Levenshtein (optimal string alignment), row by row. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m) {
    unsigned rows[3][LONGEST + 1] = {{0}};
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] =
                least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

static bool contains(const char *word, size_t n, const char *part, size_t m) {
    return m > 2 && memmem(word, n, part, m);
}

unsigned near_distance(const char *word, size_t n, const char *known, size_t common) {
    size_t m = strlen(known);
    if (n > LONGEST || m > LONGEST || n < common || m < common)
        return NEAR_NOT;
    word += common, n -= common;
    known += common, m -= common;
    unsigned far = distance(word, n, known, m);
    if (far <= FEW || far <= m / PART)
        return far;
    return contains(known, m, word, n) || contains(word, n, known, m) ? CONTAINED + far : NEAR_NOT;
}
