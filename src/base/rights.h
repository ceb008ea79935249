/*
 * rights: what a session may do, as words and bits (stord-handler(8), --allow).
 */
#ifndef STORD_RIGHTS_H
#define STORD_RIGHTS_H

#include <stdbool.h>

enum right {
    RIGHT_NONE = 0,
    RIGHT_UPLOAD = 1 << 0,
    RIGHT_APPEND = 1 << 1,
    RIGHT_REPLACE = 1 << 2,
    RIGHT_LIST = 1 << 3,
    RIGHT_READ = 1 << 4,
    RIGHT_MKDIR = 1 << 5,
    RIGHT_RENAME = 1 << 6,
    RIGHT_DELETE = 1 << 7,
    /* With one of these, a client can have uploads and folders of its own: see view. */
    RIGHTS_OWN = RIGHT_UPLOAD | RIGHT_MKDIR,
    RIGHTS_ALL = RIGHT_UPLOAD | RIGHT_APPEND | RIGHT_REPLACE | RIGHT_LIST | RIGHT_READ |
                 RIGHT_MKDIR | RIGHT_RENAME | RIGHT_DELETE
};

/* Reads a comma list of words ("" is no right). Returns the rights, or -1 if a word is unknown. */
int rights_parse(const char *words);

/* The word for a right, or for the first of several; "no" for none. */
const char *right_word(unsigned rights);

/* Do these rights allow to change names, but not to write to a file? */
bool rights_cannot_write(unsigned rights);

#endif
