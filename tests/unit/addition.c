/* What becomes of an addition whose session died, in the same boot of the machine and in another.
 */
#include "store/addition.c"
#include "base/clock.c"
#include "base/path.c"
#include "base/patience.c"
#include "base/stop.c"
#include "base/sum.c"
#include "store/entry.c"
#include "store/reserved.c"
#include "store/turn.c"
#include "store/version.c"

#include <stdio.h>

#include "check.h"

static const char boot[] = "00000000-0000-0000-0000-000000000001";
static const char other_boot[] = "00000000-0000-0000-0000-000000000002";
static char folder[] = "/tmp/stord-addition.XXXXXX";
static struct path_root top;

/* A file that holds just that text, open for reading and appending. */
static int make_file(const char *name, const char *text) {
    int fd = openat(top.fd, name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    return fd;
}

static bool holds(const char *name, const char *text) {
    char bytes[64] = "";
    int fd = openat(top.fd, name, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof(bytes) - 1);
    (void)close(fd);
    return n == (ssize_t)strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

/* What a client would be told of it. */
static long long size_in(const char *which, const char *name) {
    struct stat st;
    uint64_t version;
    CHECK(addition_look(&top, which, top.fd, name, &st, &version) == 0);
    return st.st_size;
}

static size_t count_entries(void) {
    int fd = open_folder(&top, false);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    size_t count = 0;
    while (names && (entry = readdir(names)))
        count += entry->d_name[0] != '.';
    if (names)
        (void)closedir(names);
    return count;
}

/* A session begins to add "-more" to a file with "old", writes `written` bytes of that, and dies as
 * `state` says; it still has the entry where it is to live on. */
static void add(struct addition *addition, const char *name, const char *written) {
    const char record[] = "-more";
    struct entry_facts facts = {.more = sizeof(record) - 1,
                                .sum = sum_add(0, record, sizeof(record) - 1),
                                .seconds = 1000000000};
    int file = make_file(name, "old");
    facts.length = 3;
    addition_init(addition, &top, boot, true);
    CHECK(addition_open(addition, top.fd, name, file, -1) == 0);
    CHECK(addition_begin(addition, &facts, file) == 0);
    CHECK(write(file, written, strlen(written)) == (ssize_t)strlen(written));
    (void)close(file);
}

static void die(struct addition *addition) {
    close_entry(addition);
    close_folder(addition);
}

static void tidy(const char *name) {
    struct addition addition;
    int file = openat(top.fd, name, O_RDWR | O_APPEND);
    addition_init(&addition, &top, boot, true);
    CHECK(addition_open(&addition, top.fd, name, file, -1) == 0);
    addition_end(&addition);
    addition_close(&addition);
    (void)close(file);
    CHECK(count_entries() == 0);
}

static void in_progress(void) {
    struct addition addition;
    add(&addition, "a", "-mo");
    CHECK(size_in(boot, "a") == 3); /* the old length, and nothing is done */
    CHECK(holds("a", "old-mo"));
    addition_end(&addition);
    CHECK(size_in(boot, "a") == 6);
    addition_close(&addition);
    CHECK(count_entries() == 0);
}

static void killed(void) {
    static const char *const written[] = {"", "-", "-mor", "-more"};
    for (size_t i = 0; i < 4; i++) {
        struct addition addition;
        add(&addition, "a", written[i]);
        die(&addition);
        CHECK(size_in(boot, "a") == 3);
        CHECK(holds("a", "old"));
        CHECK(size_in(boot, "a") == 3);
        tidy("a");
    }
}

/* What was acknowledged may look so after a power cut, where it is whole. */
static void power_cut(void) {
    static const struct {
        const char *written, *left;
    } cases[] = {{"", "old"}, {"-mor", "old"}, {"-morX", "old"}, {"-more", "old-more"}};
    for (size_t i = 0; i < 4; i++) {
        struct addition addition;
        add(&addition, "a", cases[i].written);
        die(&addition);
        CHECK(size_in(other_boot, "a") == (long long)strlen(cases[i].left));
        CHECK(holds("a", cases[i].left));
        tidy("a");
    }
}

static void refused(void) {
    struct addition addition;
    add(&addition, "a", "-more");
    addition_give_up(&addition);
    die(&addition);
    CHECK(size_in(other_boot, "a") == 3 && holds("a", "old"));
    tidy("a");
}

/* Whoever adds next takes it back first. */
static void next_addition(void) {
    struct addition addition, next;
    add(&addition, "a", "-mor");
    die(&addition);
    int file = openat(top.fd, "a", O_RDWR | O_APPEND);
    addition_init(&next, &top, boot, true);
    CHECK(addition_open(&next, top.fd, "a", file, -1) == 0);
    CHECK(holds("a", "old"));
    addition_end(&next);
    addition_close(&next);
    (void)close(file);
    CHECK(count_entries() == 0);
}

/* What others have made of the file since is not touched. */
static void others(void) {
    struct addition addition;
    add(&addition, "a", "-more");
    die(&addition);
    int file = openat(top.fd, "a", O_WRONLY | O_APPEND);
    CHECK(write(file, " and more", 9) == 9); /* longer than it can be by the addition */
    (void)close(file);
    CHECK(size_in(boot, "a") == 17 && holds("a", "old-more and more"));
    add(&addition, "a", "-m");
    die(&addition);
    (void)unlinkat(top.fd, "a", 0);
    (void)close(make_file("a", "another")); /* perhaps with the same inode, but born later */
    CHECK(size_in(boot, "a") == 7 && holds("a", "another"));
    add(&addition, "b", "-m");
    die(&addition);
    CHECK(renameat(top.fd, "b", top.fd, "c") == 0); /* it is the same file */
    CHECK(size_in(boot, "c") == 3 && holds("c", "old"));
}

/* All of it is ours. */
static void remove_all(void) {
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

int main(void) {
    if (!mkdtemp(folder) || path_root_open(&top, folder, false) < 0)
        return 2;
    check_run("addition: while it goes on, the file has its old length", in_progress);
    check_run("addition: of a killed session nothing stays (promise 1)", killed);
    check_run("addition: after a power cut what is whole stays, and nothing else (promise 1)",
              power_cut);
    check_run("addition: what could not be taken back is, whole or not (promise 1)", refused);
    check_run("addition: the next one takes it back first", next_addition);
    check_run("addition: what others wrote, and other files, are not touched (promise 1)", others);
    remove_all();
    return check_end();
}
