#include "log/metrics.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sum.h"
#include "log/log.h"

enum { PAGE_SIZE = 4096, HEAD = 64, COUNTERS = (PAGE_SIZE - HEAD) / 16, MODE = 0640 };

/* "stordm" and the version of the layout */
static const uint64_t magic = 0x73746f72646d0001;

/* From here on each session has locked a byte. */
#define PRESENCE ((off_t)1 << 40)

struct counter {
    _Atomic uint64_t key; /* sum of its name; 0: free. It never changes once it is set */
    _Atomic uint64_t value;
};

struct page {
    _Atomic uint64_t magic;
    uint64_t rest[HEAD / 8 - 1];
    struct counter counters[COUNTERS];
};

_Static_assert(sizeof(struct page) == PAGE_SIZE, "a page");

/* A process has one page, which no session can do without or have twice. */
static struct page aside; /* what is counted before there is a file */
static struct page *page = &aside;
static int file_fd = -1;

/* A page whose file was cut off, or has no room on its disk, is there no more: SIGBUS. */
static sigjmp_buf lost;
static volatile sig_atomic_t is_adding;

static void lose_page(int signal) {
    if (is_adding)
        siglongjmp(lost, 1);
    struct sigaction usual = {.sa_handler = SIG_DFL};
    (void)sigaction(signal, &usual, NULL); /* it comes again */
}

/* ---------------------------------------------------------------- counters */

/* part: of what is counted. Never 0. */
static uint64_t key_of(const char *part, const char *name) {
    return sum_add_text(sum_add_text(0, part), name) | 1;
}

/* The counter of that key; or NULL if there is none (or for a new one, no room). */
static struct counter *find(struct page *in, uint64_t key, bool make) {
    for (unsigned i = 0; i < COUNTERS; i++) {
        struct counter *counter = &in->counters[(key / 2 + i) % COUNTERS];
        uint64_t there = atomic_load_explicit(&counter->key, memory_order_relaxed);
        if (there == 0 && !make)
            return NULL;
        if (there == 0 && atomic_compare_exchange_strong(&counter->key, &there, key))
            return counter;
        if (there == key) /* perhaps another session's since then */
            return counter;
    }
    return NULL;
}

static void add(const char *part, const char *name, uint64_t n) {
    struct counter *counter = n > 0 ? find(page, key_of(part, name), true) : NULL;
    if (counter)
        atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

/* parts: what counts them, their bytes and their microseconds. */
static void add_all(const char *const parts[3], const char *name, const struct log_facts *facts) {
    add(parts[0], name, 1);
    if (!facts->moved)
        return;
    add(parts[1], name, facts->bytes);
    add(parts[2], name, facts->seconds > 0 ? (uint64_t)(facts->seconds * 1e6) : 0);
}

static void add_event(enum event event, const struct log_facts *facts) {
    static const char *const events[] = {"event ", "event bytes ", "event us "};
    static const char *const verdicts[] = {"verdict ", "verdict bytes ", "verdict us "};
    add_all(events, event_kinds[event].name, facts);
    if (event == EVENT_UPLOADED || event == EVENT_UPLOAD_FAILED)
        add_all(verdicts, facts->verdict, facts);
}

void metrics_count(enum event event, const struct log_facts *facts) {
    if (!page)
        return;
    is_adding = 1;
    if (sigsetjmp(lost, 0) == 0)
        add_event(event, facts);
    else
        page = NULL;
    is_adding = 0;
}

/* ---------------------------------------------------------------- the file */

/* Makes it as long as a page, with room on the disk. Returns 0 or a negative errno. */
static int fill(int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ENXIO;
    if (st.st_size == 0) {
        int error = posix_fallocate(fd, 0, PAGE_SIZE); /* several sessions may */
        return -error;
    }
    return st.st_size < PAGE_SIZE ? -METRICS_SMALL : 0;
}

/* Is it ours? One that is all new becomes ours. */
static bool claim(struct page *mapped) {
    uint64_t there = 0;
    return atomic_compare_exchange_strong(&mapped->magic, &there, magic) || there == magic;
}

static void pour(struct page *mapped) {
    for (unsigned i = 0; i < COUNTERS; i++) {
        const struct counter *from = &aside.counters[i];
        struct counter *to = from->value > 0 ? find(mapped, from->key, true) : NULL;
        if (to)
            atomic_fetch_add_explicit(&to->value, from->value, memory_order_relaxed);
    }
}

/* Maps the open file, and adds what was counted aside. */
static int map(int fd) {
    struct page *mapped = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return -errno;
    const struct sigaction lose = {.sa_handler = lose_page, .sa_flags = SA_NODEFER};
    volatile int result = sigaction(SIGBUS, &lose, NULL) < 0 ? -errno : 0;
    is_adding = 1;
    if (result == 0 && sigsetjmp(lost, 0) == 0) {
        result = claim(mapped) ? 0 : -METRICS_OTHER;
        if (result == 0)
            pour(mapped);
    } else if (result == 0) {
        result = -METRICS_SMALL;
    }
    is_adding = 0;
    if (result == 0)
        page = mapped;
    else
        (void)munmap(mapped, PAGE_SIZE);
    return result;
}

int metrics_open(const char *file) {
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, MODE);
    int result = fd < 0 ? -errno : fill(fd);
    if (result == 0)
        result = map(fd);
    if (result == 0)
        file_fd = fd;
    else if (fd >= 0)
        (void)close(fd);
    if (result < 0)
        page = NULL; /* nothing is counted any more */
    return result;
}

void metrics_forget(void) {
    memset(&aside, 0, sizeof(aside));
}

void metrics_show_session(void) {
    uint64_t random;
    if (file_fd < 0 || getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return;
    struct flock byte = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = PRESENCE + (off_t)(random >> 2),
                         .l_len = 1};
    (void)fcntl(file_fd, F_OFD_SETLK, &byte); /* else it is not counted among those that run */
}

/* ---------------------------------------------------------------- reading */

struct metrics_view {
    struct page page;
    unsigned sessions;
};

/* A part of the file in which locks may be. */
struct range {
    off_t first, last;
};

/* Counts the locked bytes. The kernel tells of any lock in a range, and not of the first. */
static unsigned count_locks(int fd) {
    enum { MOST = 4096 };
    struct range ranges[MOST] = {{PRESENCE, INT64_MAX - 1}};
    unsigned count = 0;
    for (size_t n = 1; n > 0;) {
        struct range range = ranges[--n];
        struct flock lock = {.l_type = F_RDLCK,
                             .l_whence = SEEK_SET,
                             .l_start = range.first,
                             .l_len = range.last - range.first + 1};
        if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
            continue;
        count++;
        off_t end = lock.l_len > 0 ? lock.l_start + lock.l_len : INT64_MAX; /* 0: to the end */
        if (lock.l_start > range.first && n < MOST)
            ranges[n++] = (struct range){range.first, lock.l_start - 1};
        if (end <= range.last && n < MOST)
            ranges[n++] = (struct range){end, range.last};
    }
    return count;
}

static int read_page(struct metrics_view *view, int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -ENXIO;
    ssize_t n = st.st_size == 0 ? 0 : pread(fd, &view->page, PAGE_SIZE, 0);
    if (n < 0)
        return -errno;
    if (n > 0 && n < PAGE_SIZE)
        return -METRICS_SMALL;
    if (view->page.magic != 0 && view->page.magic != magic)
        return -METRICS_OTHER;
    view->sessions = count_locks(fd);
    return 0;
}

int metrics_read(struct metrics_view **ret_view, const char *file) {
    struct metrics_view *view = *ret_view = calloc(1, sizeof(*view));
    if (!view)
        return -ENOMEM;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int result = fd < 0 ? -errno : read_page(view, fd);
    if (fd >= 0)
        (void)close(fd);
    return result == -ENOENT ? 0 : result;
}

void metrics_view_free(struct metrics_view *view) {
    free(view);
}

static uint64_t value_of(const struct metrics_view *view, const char *part, const char *name) {
    /* reading changes nothing */
    const struct counter *counter = find((struct page *)&view->page, key_of(part, name), false);
    return counter ? counter->value : 0;
}

struct metrics_sum metrics_of_event(const struct metrics_view *view, enum event event) {
    const char *name = event_kinds[event].name;
    return (struct metrics_sum){value_of(view, "event ", name),
                                value_of(view, "event bytes ", name),
                                value_of(view, "event us ", name)};
}

struct metrics_sum metrics_of_verdict(const struct metrics_view *view, const char *verdict) {
    return (struct metrics_sum){value_of(view, "verdict ", verdict),
                                value_of(view, "verdict bytes ", verdict),
                                value_of(view, "verdict us ", verdict)};
}

unsigned metrics_sessions(const struct metrics_view *view) {
    return view->sessions;
}

const char *metrics_reason(int error) {
    if (error == -ENXIO)
        return "not a plain file";
    if (error == -METRICS_SMALL)
        return "the file is too small";
    return error == -METRICS_OTHER ? "no metrics, or of another version" : strerror(-error);
}
