#include "base/title.c"

#include "base/escape.c"

#include "check.h"

static char area[2048];
static char *arguments[3], *environment[4], *none[1];

/* Puts strings one behind the other, as the kernel does. */
static void lay_out(const char *last) {
    static const char *const words[] = {"handler", "--root=/x", "A=1", "STORD_X=2"};
    char *at = area;
    char **to[] = {&arguments[0], &arguments[1], &environment[0], &environment[1]};
    memset(area, 'x', sizeof(area));
    for (size_t i = 0; i < 4; i++) {
        *to[i] = strcpy(at, words[i]);
        at += strlen(at) + 1;
    }
    environment[2] = strcpy(at, last);
    arguments[2] = environment[3] = NULL;
    memset(&title, 0, sizeof(title));
    title.is_hidden = true;
}

static void moves_what_is_there(void) {
    lay_out("Z=last");
    title_open(arguments, environment);
    CHECK(title.start == area && title.room == sizeof("handler") + 10 + 4 + 10 + 7);
    CHECK(title_write(0, "not yet", 0) == 0 && strcmp(area, "handler") == 0);
    title_show();
    CHECK(title_write(0, "stord: me at a place ", 0) == 21);
    CHECK(strcmp(area, "stord: me at a place ") == 0);
    CHECK(strcmp(arguments[0], "handler") == 0 && strcmp(arguments[1], "--root=/x") == 0);
    CHECK(strcmp(environment[1], "STORD_X=2") == 0 && strcmp(environment[2], "Z=last") == 0);
    CHECK(title_write(21, "STOR x", 0) == 27 && strcmp(area, "stord: me at a place STOR x") == 0);
    CHECK(title_write(7, "you", 0) == 10 && strcmp(area, "stord: you") == 0);
    for (size_t i = 10; i < title.room; i++)
        CHECK(area[i] == '\0');
}

static void stays_in_its_room(void) {
    lay_out("Z=last");
    title_open(arguments, environment);
    title_show();
    char next = area[title.room];
    char text[200];
    memset(text, 'n', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK(title_write(0, text, 5) == title.room - 6);
    CHECK(title_write(title.room - 6, " 100%", 0) == title.room - 1 && area[title.room] == next);
    CHECK(title_write(title.room, "x", 0) == title.room && area[title.room] == next);
    CHECK(title_write(title.room - 3, "x", 5) == title.room - 3);
    (void)title_write(0, "a\nb\x1b\xff\\", 0);
    CHECK(strcmp(area, "a\\x0ab\\x1b\\xff\\\\") == 0);
}

/* What is too long to be moved, or lies elsewhere, stays. */
static void takes_no_more_than_it_needs(void) {
    static char elsewhere[] = "B=2";
    char text[1500];
    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    lay_out(text);
    title_open(arguments, environment);
    CHECK(title.room == sizeof("handler") + 10 + 4 + 10 && environment[2] == area + title.room);
    lay_out("Z=last");
    environment[1] = elsewhere;
    title_open(arguments, environment);
    CHECK(title.room == sizeof("handler") + 10 + 4 && environment[1] == elsewhere);
    title_open(none, none);
}

int main(void) {
    check_run("title: what lies there is moved, and its pointers follow", moves_what_is_there);
    check_run("title: what there is no room for is cut off", stays_in_its_room);
    check_run("title: what need not be moved stays", takes_no_more_than_it_needs);
    return check_end();
}
