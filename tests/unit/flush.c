/* Several files are synced, and each has its own result. */
#include "store/flush.c"
#include "base/clock.c"
#include "base/path.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { FILES = 5 };

static char folder[] = "/tmp/stord-flush.XXXXXX";
static int fds[FILES];

/* One that has found the disk to be slow, or not. */
static struct flush begin(bool slow) {
    struct flush flush;
    flush_init(&flush);
    flush.slow = slow ? PROOFS : 0;
    return flush;
}

/* How many files have that result? */
static int count(const int *results, int wanted) {
    int n = 0;
    for (int i = 0; i < FILES; i++)
        n += results[i] == wanted;
    return n;
}

static void syncs(bool slow) {
    struct flush flush = begin(slow);
    int results[FILES] = {1, 1, 1, 1, 1};
    for (int i = 0; i < 3; i++) {
        flush_files(&flush, fds, results, FILES);
        CHECK(count(results, 0) == FILES);
    }
    CHECK(!slow || flush_ends_late(&flush));
}

/* The third one cannot be synced. */
static void fails_alone(bool slow, int bad, int error) {
    struct flush flush = begin(slow);
    int results[FILES], some[FILES];
    memcpy(some, fds, sizeof(fds));
    some[2] = bad;
    flush_files(&flush, some, results, FILES);
    CHECK(results[2] == error && count(results, 0) == FILES - 1);
    flush_files(&flush, fds, results, FILES);
    CHECK(count(results, 0) == FILES);
}

static void one_by_one(void) {
    syncs(false);
}

static void together(void) {
    syncs(true);
}

static void each_result(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    int path = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int slow = 0; slow < 2; slow++) {
        fails_alone(slow, ends[0], -EINVAL);
        fails_alone(slow, path, -EBADF);
        fails_alone(slow, -1, -EBADF);
    }
}

static void without_aio(void) {
    struct flush flush = begin(true);
    int results[FILES];
    flush.is_alone = true;
    flush_files(&flush, fds, results, FILES);
    CHECK(count(results, 0) == FILES && !flush_ends_late(&flush));
}

static void one_or_none(void) {
    struct flush flush = begin(true);
    int result = 1;
    flush_files(&flush, fds, &result, 0);
    CHECK(result == 1);
    flush_files(&flush, fds, &result, 1);
    CHECK(result == 0 && !flush_ends_late(&flush)); /* a single one needs no queue */
}

int main(void) {
    char name[2] = "a";
    int top = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    for (int i = 0; i < FILES; i++, name[0]++) {
        fds[i] = openat(top, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fds[i] < 0 || write(fds[i], name, 1) != 1 || unlinkat(top, name, 0) < 0)
            return 2;
    }
    check_run("flush: on a fast disk, one after the other", one_by_one);
    check_run("flush: on a slow disk, at once", together);
    check_run("flush: what cannot be synced fails alone (promise 1)", each_result);
    check_run("flush: without AIO, one after the other", without_aio);
    check_run("flush: a single file, and none", one_or_none);
    CHECK(rmdir(folder) == 0);
    return check_end();
}
