/* Turns of several sessions: each is a set of turns with a description of its own, as in a process.
 */
#include "store/turn.c"
#include "base/clock.c"
#include "base/path.c"
#include "base/patience.c"
#include "base/stop.c"
#include "base/sum.c"
#include "store/reserved.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "check.h"

static char folder[] = "/tmp/stord-turn.XXXXXX";
static struct path_root top;
static int other; /* another folder */
static int stop;  /* readable: nobody waits */

static struct turns begin(void) {
    struct turns turns;
    turns_init(&turns, &top, stop);
    return turns;
}

/* Takes a turn, or finds it taken: then it would wait. */
static int take(struct turn *turn, struct turns *turns, int a, const char *x, int b,
                const char *y) {
    const struct turn_name names[TURN_NAMES] = {{a, x}, {b, y}};
    return turn_take(turn, turns, names, y ? 2 : 1);
}

static bool file_is_there(void) {
    return faccessat(top.fd, ".stord.unfinished/.stord.turns/.stord.turn", F_OK, 0) == 0;
}

static bool marks_are_there(void) {
    return faccessat(top.fd, ".stord.unfinished/.stord.turns/.stord.marks", F_OK, 0) == 0;
}

static void excludes(void) {
    struct turns one = begin(), two = begin();
    struct turn a, b;
    CHECK(take(&a, &one, top.fd, "x", 0, NULL) == 0 && a.by_file);
    CHECK(take(&b, &two, top.fd, "x", 0, NULL) == -ESHUTDOWN);
    CHECK(take(&b, &two, top.fd, "X.", 0, NULL) == -ESHUTDOWN); /* the same name to FAT */
    CHECK(take(&b, &two, top.fd, "y", 0, NULL) == 0);
    turn_end(&b);
    CHECK(take(&b, &two, other, "x", 0, NULL) == 0);
    turn_end(&b);
    turn_end(&a);
    CHECK(take(&b, &two, top.fd, "x", 0, NULL) == 0);
    turn_end(&b);
    turns_close(&one);
    turns_close(&two);
    CHECK(file_is_there()); /* for the next ones, which need not make it */
}

/* With a turn in hand nobody waits for another. */
static void tries(void) {
    struct turns one = begin(), two = begin();
    struct turn x, y, z;
    one.stop = two.stop = -1; /* it would wait */
    CHECK(turn_take_one(&x, &one, top.fd, "x") == 0 && turn_take_one(&y, &two, top.fd, "y") == 0);
    CHECK(turn_try_one(&z, &one, top.fd, "y") == -TURN_BUSY);
    CHECK(turn_try_one(&z, &two, top.fd, "x") == -TURN_BUSY);
    CHECK(turn_try_one(&z, &two, top.fd, "z") == 0 && z.by_file);
    turn_end(&y);
    turn_end(&z);
    CHECK(turn_try_one(&z, &one, top.fd, "y") == 0);
    CHECK(unlinkat(top.fd, ".stord.unfinished/.stord.turns/.stord.turn", 0) == 0);
    CHECK(turn_try_one(&y, &one, top.fd, "y") == -TURN_BUSY && one.fd >= 0); /* it keeps x and y */
    turn_end(&x);
    turn_end(&z);
    turns_close(&one);
    turns_close(&two);
}

static void takes_two(void) {
    struct turns one = begin(), two = begin();
    struct turn a, b;
    CHECK(take(&a, &one, top.fd, "x", other, "y") == 0 && a.count == 2 && a.at[0] < a.at[1]);
    CHECK(take(&b, &two, other, "y", top.fd, "x") == -ESHUTDOWN);
    CHECK(take(&b, &two, other, "y", 0, NULL) == -ESHUTDOWN);
    CHECK(take(&b, &two, top.fd, "x", other, "z") == -ESHUTDOWN);
    CHECK(take(&b, &two, other, "z", 0, NULL) == 0); /* nothing is kept of what was not had */
    turn_end(&b);
    turn_end(&a);
    CHECK(take(&a, &one, top.fd, "x", top.fd, "x") == 0 && a.count == 1); /* of a name to itself */
    turn_end(&a);
    turns_close(&one);
    turns_close(&two);
}

/* What a session finds removed it makes again, and meets the others there. */
static void survives_removal(void) {
    struct turns one = begin(), two = begin();
    struct turn a, b;
    CHECK(take(&a, &one, top.fd, "x", 0, NULL) == 0);
    turn_end(&a);
    CHECK(unlinkat(top.fd, ".stord.unfinished/.stord.turns/.stord.turn", 0) == 0);
    CHECK(take(&b, &two, top.fd, "x", 0, NULL) == 0);
    CHECK(take(&a, &one, top.fd, "x", 0, NULL) == -ESHUTDOWN);
    turn_end(&b);
    CHECK(take(&a, &one, top.fd, "x", 0, NULL) == 0);
    turn_end(&a);
    turns_close(&two);
    turns_close(&one);
    CHECK(file_is_there());
}

/* Where the reserved folder cannot be had, the folder that has the name is locked. */
static void by_folders(void) {
    CHECK(unlinkat(top.fd, ".stord.unfinished/.stord.turns/.stord.turn", 0) == 0);
    CHECK(unlinkat(top.fd, ".stord.unfinished/.stord.turns", AT_REMOVEDIR) == 0);
    CHECK(unlinkat(top.fd, ".stord.unfinished", AT_REMOVEDIR) == 0);
    CHECK(close(openat(top.fd, ".stord.unfinished", O_CREAT | O_WRONLY, 0600)) ==
          0); /* no folder */
    struct turns one = begin(), two = begin();
    struct turn a, b;
    CHECK(take(&a, &one, top.fd, "x", 0, NULL) == 0 && !a.by_file);
    CHECK(take(&b, &two, top.fd, "y", 0, NULL) == -ESHUTDOWN);
    CHECK(take(&b, &two, other, "y", 0, NULL) == 0);
    turn_end(&b);
    CHECK(take(&b, &two, other, "y", top.fd, "x") == -ESHUTDOWN);
    turn_end(&a);
    CHECK(take(&b, &two, other, "y", top.fd, "x") == 0);
    CHECK(take(&a, &one, top.fd, "x", other, "y") == -ESHUTDOWN);
    turn_end(&b);
    turns_close(&one);
    turns_close(&two);
    CHECK(unlinkat(top.fd, ".stord.unfinished", 0) == 0);
}

/* Begins an upload with a file of its own, and tells since when it counts. */
static off_t begin_flight(struct turns *turns, uint64_t kind, struct timespec *ret_begun) {
    int fd = openat(top.fd, ".", O_TMPFILE | O_WRONLY, 0600);
    CHECK(fd >= 0);
    off_t flight = turns_begin_flight(turns, kind, fd, ret_begun);
    (void)close(fd);
    return flight;
}

static void flights(void) {
    struct turns one = begin(), two = begin();
    struct timespec begun;
    off_t a = begin_flight(&one, turn_kind("me", "/x"), &begun);
    CHECK(a > 0 && !turns_is_in_flight(&one, turn_kind("me", "/x")));
    turns_end_flight(&one, a);
    a = begin_flight(&one, turn_kind("me", "/x"), &begun);
    CHECK(turns_is_in_flight(&two, turn_kind("me", "/x")));
    CHECK(!turns_is_in_flight(&two, turn_kind("me", "/y")) &&
          !turns_is_in_flight(&two, turn_kind("you", "/x")));
    off_t b = begin_flight(&two, turn_kind("me", "/x"), &begun);
    CHECK(b > 0 && b != a && turns_is_in_flight(&one, turn_kind("me", "/x")));
    turns_end_flight(&one, a);
    CHECK(!turns_is_in_flight(&two, turn_kind("me", "/x")));
    turns_close(&one);
    turns_close(&two);
}

/* However close they come: many times, for the clock of files stands still for some ms. */
static void marks(void) {
    struct turns one = begin(), two = begin();
    const uint64_t kind = turn_kind("me", "/x");
    one.stop = two.stop = -1;
    for (int i = 0; i < 50; i++) {
        struct timespec before, after;
        off_t a = begin_flight(&one, kind, &before);
        CHECK(!turns_is_marked(&one, kind, &before));
        turns_mark(&two, kind);
        CHECK(turns_is_marked(&one, kind, &before));
        off_t b = begin_flight(&two, kind, &after);
        CHECK(!turns_is_marked(&two, kind, &after));
        turns_end_flight(&one, a);
        turns_end_flight(&two, b);
    }
    turns_close(&one);
    CHECK(marks_are_there()); /* the other session may need them */
    turns_close(&two);
    CHECK(!marks_are_there());
}

/* All of it is ours. */
static void remove_all(void) {
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    CHECK(system(command) == 0);
}

int main(void) {
    stop = eventfd(1, EFD_CLOEXEC);
    if (!mkdtemp(folder) || path_root_open(&top, folder, false) < 0 ||
        mkdirat(top.fd, "other", 0700) < 0)
        return 2;
    other = openat(top.fd, "other", O_RDONLY | O_DIRECTORY);
    check_run("turn: of one name only one session has it; the file stays", excludes);
    check_run("turn: with one in hand another is tried, and not waited for", tries);
    check_run("turn: of two names both are had, or none", takes_two);
    check_run("turn: sessions meet again when the file was removed", survives_removal);
    check_run("turn: without a reserved folder the folder of the name is locked", by_folders);
    check_run("turn: uploads that are in flight in another session are known", flights);
    check_run(
        "turn: a mark is for uploads that began before it, and for none that begins later; the "
        "last session removes it",
        marks);
    remove_all();
    return check_end();
}
