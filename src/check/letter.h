/*
 * letter: what a program is given of events: standard input and environment.
 */
#ifndef STORD_LETTER_H
#define STORD_LETTER_H

#include <stddef.h>

struct letter {
    int fd;             /* of its text, in memory; -1: there is none yet */
    size_t count;       /* events in it */
    char **environment; /* filled in by letter_address */
    size_t variables;
};

/* Nothing is in it. Returns 0 or a negative errno. */
int letter_begin(struct letter *ret_letter);

/* Adds an event, n bytes. Returns 0 or a negative errno. */
int letter_add(struct letter *letter, const char *text, size_t n);

/* Makes the environment: ours without STORD_ variables, and STORD_COUNT; of an event, if that is
 * not NULL, each member: "file" is STORD_FILE. The text can be read from its beginning then.
 * Returns 0 or a negative errno. */
int letter_address(struct letter *letter, const char *text);

/* Frees what it holds. */
void letter_end(struct letter *letter);

#endif
