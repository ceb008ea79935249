#include "session/shown.c"
#include "base/sum.c"

#include <stdio.h>

#include "check.h"

static void remembers(void) {
    struct shown shown = {0};
    CHECK(!shown_find(&shown, "/a"));
    shown_forget(&shown, "/a");
    shown_note(&shown, "/a", 7, 0);
    shown_note(&shown, "/b", 0, 8);
    CHECK(shown_find(&shown, "/a")->partial == 7 && shown_find(&shown, "/a")->version == 0);
    CHECK(shown_find(&shown, "/b")->version == 8);
    shown_note(&shown, "/a", 0, 9); /* the last one counts */
    CHECK(shown_find(&shown, "/a")->partial == 0 && shown_find(&shown, "/a")->version == 9);
    shown_note(&shown, "/c", 0, 0); /* nothing was there: that is something, too */
    CHECK(shown_find(&shown, "/c"));
    shown_forget(&shown, "/a");
    CHECK(!shown_find(&shown, "/a") && shown_find(&shown, "/b"));
    shown_forget_all(&shown);
    CHECK(!shown_find(&shown, "/b") && !shown_find(&shown, "/c"));
}

/* However many interrupted uploads there are, all are known. */
static void keeps_partials(void) {
    struct shown shown = {0};
    char path[32];
    for (unsigned i = 1; i <= 5000; i++) {
        (void)snprintf(path, sizeof(path), "/file%u", i);
        shown_note(&shown, path, i, 0);
    }
    for (unsigned i = 1; i <= 5000; i++) {
        (void)snprintf(path, sizeof(path), "/file%u", i);
        CHECK(shown_find(&shown, path)->partial == i);
        if (i % 2)
            shown_forget(&shown, path);
    }
    CHECK(shown.count == 2500 && !shown.lost);
    shown_forget_all(&shown);
}

/* Where there are too many, names are forgotten, never confused. */
static void forgets(void) {
    enum { MANY = 4 * SHOWN_VERSIONS };
    struct shown shown = {0};
    char path[32];
    size_t known = 0;
    for (unsigned i = 1; i <= MANY; i++) {
        (void)snprintf(path, sizeof(path), "/file%u", i);
        shown_note(&shown, path, 0, i);
        CHECK(shown_find(&shown, path)->version == i);
    }
    for (unsigned i = 1; i <= MANY; i++) {
        (void)snprintf(path, sizeof(path), "/file%u", i);
        const struct shown_row *row = shown_find(&shown, path);
        CHECK(!row || row->version == i);
        known += row != NULL;
    }
    CHECK(known > SHOWN_VERSIONS / 2 && known <= SHOWN_VERSIONS);
    shown_forget_all(&shown);
}

int main(void) {
    check_run("shown: what was shown last under a name is remembered", remembers);
    check_run("shown: no interrupted upload is forgotten", keeps_partials);
    check_run("shown: of too many files some are forgotten, none is taken for another", forgets);
    return check_end();
}
