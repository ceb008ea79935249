#include "log/metrics.c"

#include <stdio.h>
#include <sys/wait.h>

#include "check.h"

enum { CHILDREN = 8, TIMES = 20000 };

static char file[] = "/tmp/stord-unit.XXXXXX";
static const struct log_facts upload = {
    .verdict = "close", .moved = true, .bytes = 10, .seconds = 0.5};

/* A new, empty file, and nothing counted. */
static void begin(void) {
    (void)unlink(file);
    memcpy(file + sizeof(file) - 7, "XXXXXX", 6);
    int fd = mkstemp(file);
    CHECK(fd >= 0);
    (void)close(fd);
    metrics_forget();
    page = &aside;
}

static struct metrics_view *look(void) {
    struct metrics_view *view;
    CHECK(metrics_read(&view, file) == 0);
    return view;
}

static void what_was_counted_before_is_added(void) {
    begin();
    metrics_count(EVENT_UPLOADED, &upload);
    CHECK(metrics_open(file) == 0);
    metrics_count(EVENT_UPLOADED, &upload);
    metrics_count(EVENT_ACCEPTED, &(struct log_facts){0});
    struct metrics_view *view = look();
    struct metrics_sum sum = metrics_of_event(view, EVENT_UPLOADED);
    CHECK(sum.count == 2 && sum.bytes == 20 && sum.microseconds == 1000000);
    sum = metrics_of_verdict(view, "close");
    CHECK(sum.count == 2 && sum.bytes == 20 && sum.microseconds == 1000000);
    CHECK(metrics_of_event(view, EVENT_ACCEPTED).count == 1);
    CHECK(metrics_of_event(view, EVENT_CLOSED).count == 0 &&
          metrics_of_verdict(view, "x").count == 0);
    metrics_view_free(view);
}

/* Each child adds to all counters, which none has made before. */
static void processes_add_at_once(void) {
    begin();
    for (int i = 0; i < CHILDREN; i++) {
        if (fork() != 0)
            continue;
        bool good = metrics_open(file) == 0;
        for (int n = 0; n < TIMES; n++)
            metrics_count((enum event)(n % EVENT_KINDS), &upload);
        _exit(!good);
    }
    int status, failed = 0;
    while (wait(&status) > 0)
        failed += status != 0;
    CHECK(failed == 0);
    struct metrics_view *view = look();
    uint64_t all = 0, bytes = 0;
    for (int i = 0; i < EVENT_KINDS; i++) {
        all += metrics_of_event(view, (enum event)i).count;
        bytes += metrics_of_event(view, (enum event)i).bytes;
    }
    CHECK(all == CHILDREN * TIMES && bytes == 10 * all);
    metrics_view_free(view);
}

/* However many: more than a page has, and each is found among others. */
static void a_full_page_loses_no_other_counter(void) {
    begin();
    CHECK(metrics_open(file) == 0);
    char name[16];
    for (int i = 0; i < 2 * COUNTERS; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        add("x ", name, 1);
    }
    int found = 0;
    for (int i = 0; i < 2 * COUNTERS; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        const struct counter *counter = find(page, key_of("x ", name), false);
        CHECK(!counter || counter->value == 1);
        found += counter != NULL;
    }
    CHECK(found == COUNTERS);
    /* what this version counts takes half of it, so that there is room for what comes */
    CHECK(EVENT_KINDS * 3 / 2 + 3 * 20 < COUNTERS);
}

static void a_file_that_is_cut_off_is_given_up(void) {
    begin();
    CHECK(metrics_open(file) == 0 && truncate(file, 0) == 0);
    metrics_count(EVENT_UPLOADED, &upload);
    metrics_count(EVENT_UPLOADED, &upload);
    CHECK(page == NULL);
    struct metrics_view *view = look();
    CHECK(metrics_of_event(view, EVENT_UPLOADED).count == 0);
    metrics_view_free(view);
}

static void write_file(size_t size, char byte) {
    FILE *to = fopen(file, "w");
    for (size_t i = 0; to && i < size; i++)
        (void)fputc(byte, to);
    CHECK(to && fclose(to) == 0);
}

/* Returns what both say of the file. */
static int refused(void) {
    struct metrics_view *view = NULL;
    int adding = metrics_open(file), reading = metrics_read(&view, file);
    metrics_view_free(view);
    CHECK(adding == reading);
    return adding;
}

static void other_files_are_left_alone(void) {
    struct metrics_view *view = NULL;
    struct stat st;
    begin();
    write_file(100, 0);
    CHECK(refused() == -METRICS_SMALL);
    CHECK(stat(file, &st) == 0 && st.st_size == 100);
    write_file(2 * PAGE_SIZE, 'x');
    CHECK(refused() == -METRICS_OTHER);
    CHECK(metrics_open("/") == -EISDIR && metrics_open("/dev/null") == -ENXIO);
    CHECK(metrics_open("/nowhere/metrics") == -ENOENT);
    CHECK(metrics_read(&view, "/nowhere") == 0);
    CHECK(metrics_of_event(view, EVENT_UPLOADED).count == 0 && metrics_sessions(view) == 0);
    metrics_view_free(view);
}

static unsigned sessions(void) {
    struct metrics_view *view = look();
    unsigned n = metrics_sessions(view);
    metrics_view_free(view);
    return n;
}

static void sessions_are_counted_until_they_are_killed(void) {
    enum { MOST = 300 };
    pid_t pids[MOST];
    int ready[2];
    begin();
    CHECK(pipe(ready) == 0);
    for (int i = 0; i < MOST; i++) {
        pids[i] = fork();
        if (pids[i] != 0)
            continue;
        if (metrics_open(file) == 0)
            metrics_show_session();
        (void)!write(ready[1], "x", 1);
        (void)pause();
        _exit(0);
    }
    char byte;
    for (int i = 0; i < MOST; i++)
        CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(sessions() == MOST);
    for (int i = 0; i < MOST; i++) {
        if (i == 100)
            CHECK(sessions() == MOST - 100);
        CHECK(kill(pids[i], SIGKILL) == 0 && waitpid(pids[i], NULL, 0) == pids[i]);
    }
    CHECK(sessions() == 0);
}

/* Whoever may write the file may lock it; reading must end. */
static void locks_to_the_end_are_one(void) {
    static const struct flock locks[] = {
        {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0},
        {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = PRESENCE + 5, .l_len = 0},
        {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = PRESENCE - 5, .l_len = 10},
    };
    begin();
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        struct flock lock = locks[i];
        int fd = open(file, O_RDWR | O_CLOEXEC);
        CHECK(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
        (void)alarm(60); /* it must not be awaited for ever */
        CHECK(sessions() == 1);
        (void)alarm(0);
        (void)close(fd);
    }
}

int main(void) {
    check_run("metrics: what was counted before is added", what_was_counted_before_is_added);
    check_run("metrics: processes add at once", processes_add_at_once);
    check_run("metrics: a full page loses no other counter", a_full_page_loses_no_other_counter);
    check_run("metrics: a file that is cut off is given up", a_file_that_is_cut_off_is_given_up);
    check_run("metrics: other files are left alone", other_files_are_left_alone);
    check_run("metrics: sessions are counted until they are killed",
              sessions_are_counted_until_they_are_killed);
    check_run("metrics: locks to the end are one", locks_to_the_end_are_one);
    (void)unlink(file);
    return check_end();
}
