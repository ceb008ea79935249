/*
 * verb: THE table of verbs, and the walk from a command line to a verb's function.
 *
 * The dispatcher answers what is wrong before a verb is reached: unknown verb, missing or surplus
 * argument, no login, no right. A verb's function does one thing and returns its reply's result.
 */
#ifndef STORD_VERB_H
#define STORD_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rights.h"
#include "net/line.h"

struct session;

typedef int verb_function(struct session *session, const char *argument);

enum verb_argument { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED };

/* Traits of a verb that the dispatcher acts on. */
enum verb_trait {
    VERB_ANYTIME = 1 << 0,      /* needs no login */
    VERB_SECRET = 1 << 1,       /* its argument is hidden from logs */
    VERB_DATA = 1 << 2,         /* asks for a data connection: the session is never inline again */
    VERB_UPLOAD = 1 << 3,       /* bytes of a file may follow it on the control connection */
    VERB_UNTERMINATED = 1 << 4, /* may come without line end, followed by silence */
    VERB_MEANWHILE = 1 << 5,    /* is run while a transfer goes on: see verb_is_meanwhile */
    VERB_TRANSFER = 1 << 6,     /* is what REST and ALLO are for */
    VERB_TRIM = 1 << 7,         /* its argument is no name: blanks around it, and more than one
                                   within it, mean nothing (RFC 959 section 5.3) */
    VERB_OWN = 1 << 8,          /* without its right it does the client's own uploads: see view */
    VERB_TLS = 1 << 9,          /* is there only where TLS is served */
    VERB_KEEPS = 1 << 10, /* may stand between REST or ALLO and the transfer; others end them */
    VERB_BARE = 1 << 11,  /* MEANWHILE and KEEPS hold for it without an argument alone */
    VERB_WORD = 1 << 12   /* its argument begins with a word that is no name: blanks before it
                             mean nothing */
};

struct verb {
    const char *name;
    verb_function *run; /* NULL: known, not implemented (502) */
    enum verb_argument argument;
    unsigned traits;
    unsigned right;      /* what the client must be allowed to do: any one of these rights */
    const char *feature; /* line in FEAT's reply, or NULL */
    const char *help;    /* syntax behind the name, for HELP */
};

/* The verb that a command line begins with, or NULL. Case does not count (RFC 959 section 5.2). */
const struct verb *verb_find(const char *line);

/* What of a command line must not be written down. */
enum verb_secrecy {
    VERB_PUBLIC,
    VERB_SECRET_ARGUMENT, /* all behind the verb */
    VERB_SECRET_LINE      /* it is broken, and may hold a password, or bytes of a file */
};

/* So is a line without a verb where a password is awaited, or behind an inline upload: the client
 * may have announced too few bytes. */
enum verb_secrecy verb_secrecy(const struct session *session, const char *line,
                               enum line_fault fault);

/* Do the letters among n bytes, whatever stands between them, spell a verb that a password follows?
 */
bool verb_may_hold_password(const char *bytes, size_t n);

/* Is that line run while a transfer goes on? Any other one waits, and so does what is refused: its
 * reply would be taken for the transfer's. */
bool verb_is_meanwhile(const char *line, enum line_fault fault);

/* Runs the command in line, which has room for LINE_LIMIT + 1 bytes, or answers the fault that was
 * found in it. Returns a negative errno when the client cannot be reached. */
int verb_run(struct session *session, char line[LINE_LIMIT + 1], enum line_fault fault);

/* FEAT (RFC 2389 section 3) and HELP, printed from the table */
int verb_feat(struct session *session, const char *argument);
int verb_help(struct session *session, const char *argument);

#endif
