/*
 * netrc: logins from a file like ~/.netrc, as ftp(1) reads it.
 */
#ifndef STORD_CLIENT_NETRC_H
#define STORD_CLIENT_NETRC_H

#include <stdbool.h>
#include <stddef.h>

enum { NETRC_WORD_SIZE = 512 };

struct netrc {
    char login[NETRC_WORD_SIZE], password[NETRC_WORD_SIZE], account[NETRC_WORD_SIZE];
};

/*
 * Finds the first entry in the text for that host, or "default", whose login is user, if user is
 * not NULL; an entry without a login fits every user. Words may stand in double quotes, in which a
 * backslash protects the next character; "macdef" goes to an empty line. The text is changed. Pure.
 * Returns whether there is one.
 */
bool netrc_find(char *text, const char *host, const char *user, struct netrc *ret);

/* The same in the file ~/.netrc. Returns 1 or 0, or -EPERM if others may read the file and it has
 * such an entry with a password, which is not used then. */
int netrc_read(const char *host, const char *user, struct netrc *ret);

#endif
