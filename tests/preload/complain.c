/*
 * For LD_PRELOAD: a library that complains. When the function that COMPLAIN_IN names is called, it
 * does what COMPLAIN says.
 */
#include <assert.h>
#include <crypt.h>
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXT "complaint of a library"

static void say(int fd) {
    ssize_t written = write(fd, TEXT "\n", sizeof(TEXT));
    (void)written;
}

static void by_write_1(void) {
    say(STDOUT_FILENO);
}

static void by_write_2(void) {
    say(STDERR_FILENO);
}

static void by_printf(void) {
    (void)printf("%s\n", TEXT);
}

static void by_puts(void) {
    (void)puts(TEXT);
    (void)fflush(stdout);
}

static void by_fprintf(void) {
    (void)fprintf(stderr, "%s\n", TEXT);
}

static void by_perror(void) {
    errno = EIO;
    perror(TEXT);
}

static void by_assert(void) {
    assert(!TEXT);
}

static void by_abort(void) {
    (void)puts(TEXT); /* which is still in the buffer then */
    abort();
}

static void by_exit(void) {
    (void)puts(TEXT);
    exit(1);
}

/* The compiler is not to see that this goes wrong */
static char *volatile place;

__attribute__((noinline)) static void by_smashing(void) {
    char small[16];
    place = small;
    memset(place, 'x', 64);
}

static void by_overflow(void) {
    static char small[16];
    place = TEXT;
    (void)strcpy(small, place); /* _FORTIFY_SOURCE sees it */
    place = small;
}

static void by_free(void) {
    static char garbage[64];
    place = garbage + 16;
    free(place);
}

static void by_forbidden_call(void) {
    (void)syscall(SYS_personality, 0xffffffff);
}

static void complain(const char *function) {
    static const struct {
        const char *name;
        void (*run)(void);
    } ways[] = {
        {"write-1", by_write_1},
        {"write-2", by_write_2},
        {"printf", by_printf},
        {"puts", by_puts},
        {"fprintf", by_fprintf},
        {"perror", by_perror},
        {"assert", by_assert},
        {"abort", by_abort},
        {"exit", by_exit},
        {"smashing", by_smashing},
        {"overflow", by_overflow},
        {"free", by_free},
        {"forbidden-call", by_forbidden_call},
    };
    const char *way = getenv("COMPLAIN"), *where = getenv("COMPLAIN_IN");
    if (!way || !where || strcmp(where, function) != 0)
        return;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(ways[i].name, way) == 0)
            ways[i].run();
    }
}

/* In the middle of an upload */
int fsync(int fd) {
    complain("fsync");
    return (int)syscall(SYS_fsync, fd);
}

/* In the credential helper */
char *crypt_rn(const char *password, const char *hash, void *data, int size) {
    char *(*real)(const char *, const char *, void *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "crypt_rn");
    complain("crypt_rn");
    return real(password, hash, data, size);
}

/* As the settings are read */
struct group *getgrnam(const char *name) {
    struct group *(*real)(const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "getgrnam");
    complain("getgrnam");
    return real(name);
}

/* Before main */
__attribute__((constructor)) static void begin(void) {
    complain("constructor");
}
