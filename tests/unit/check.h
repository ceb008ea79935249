/* What unit tests share: each CHECK is told with its line when it fails; each test is one TAP line.
 */
#ifndef STORD_CHECK_H
#define STORD_CHECK_H

#include <stdio.h>

static int check_failures, check_tests, check_failed_tests;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failures++;                                                                      \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                               \
        }                                                                                          \
    } while (0)

static inline void check_run(const char *name, void (*test)(void)) {
    check_failures = 0;
    test();
    check_tests++;
    check_failed_tests += check_failures > 0;
    printf("%s %d - %s\n", check_failures ? "not ok" : "ok", check_tests, name);
}

static inline int check_end(void) {
    printf("1..%d\n", check_tests);
    return check_failed_tests > 0;
}

#endif
