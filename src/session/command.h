/*
 * command: one command line, parsed once, for the dispatcher, the log and the transcript; and the
 * row of a verb in the table of verbs (src/verb.c).
 */
#ifndef STORD_COMMAND_H
#define STORD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "net/line.h"

struct session;

typedef int verb_function(struct session *session, const char *argument);

enum verb_argument { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED };

/* Traits of a verb. */
enum verb_trait {
    VERB_ANYTIME = 1 << 0,      /* needs no login */
    VERB_SECRET = 1 << 1,       /* its argument is hidden from logs */
    VERB_DATA = 1 << 2,         /* asks for a data connection: ends inline uploads */
    VERB_UPLOAD = 1 << 3,       /* the bytes of a file may follow it on the control connection */
    VERB_UNTERMINATED = 1 << 4, /* may come without line end, followed by silence */
    VERB_MEANWHILE = 1 << 5,    /* is run during a transfer: see command_is_meanwhile */
    VERB_TRANSFER = 1 << 6,     /* is what REST and ALLO are for */
    VERB_TRIM = 1 << 7,         /* its argument is not a name: blanks around it, and more than one
                                 * within it, do not count (RFC 959 section 5.3) */
    VERB_OWN = 1 << 8,          /* without its right it still works on the client's own uploads: see
                                 * view */
    VERB_TLS = 1 << 9,          /* exists only if TLS is served */
    VERB_KEEPS = 1 << 10,     /* may come between REST or ALLO and the transfer; others end them */
    VERB_BARE = 1 << 11,      /* MEANWHILE and KEEPS hold only without an argument */
    VERB_WORD = 1 << 12,      /* its argument begins with a word that is not a name: blanks before
                               * it do not count */
    VERB_ADDRESS = 1 << 13,   /* its argument is the address where the client waits for a data
                               * connection */
    VERB_ANNOUNCES = 1 << 14, /* it announces a size, which is unknown until it has been parsed */
    VERB_NESTED = 1 << 15,    /* its argument is a command of its own, perhaps with a password */
    VERB_NO_PATH = 1 << 16,   /* its argument is not a file's name either */
    VERB_NEW_NAME = 1 << 17,  /* its argument is a name to be given: errors are 553 */
    VERB_PIPELINED = 1 << 18, /* neither sees nor changes what is stored, or uploads: it may be run
                               * while uploads wait, and its reply may, too: see pipeline */
    VERB_DIGEST = 1 << 19     /* exists only if its digests are made */
};

/* One row of the table of verbs. */
struct verb {
    const char *name;
    verb_function *run; /* NULL: known, not implemented (502) */
    enum verb_argument argument;
    unsigned traits;
    unsigned right;      /* rights of which the client needs one; 0: none */
    const char *feature; /* line in FEAT's reply, or NULL */
    const char *help;    /* syntax after the name, for HELP */
};

/* What of a command line must not be logged. */
enum command_secrecy {
    COMMAND_PUBLIC,
    COMMAND_SECRET_ARGUMENT, /* everything after the verb */
    COMMAND_SECRET_LINE      /* broken: may contain a password, or bytes of a file */
};

struct command {
    char *text;     /* the line without its end */
    size_t length;  /* bytes in text, */
    size_t room;    /* and how many it has room for, with its NUL: names may grow */
    char *argument; /* in text, after the verb and a blank */
    enum line_fault fault;
    const struct verb *verb; /* its row, or NULL */
    enum command_secrecy secrecy;
    bool is_alone; /* its beginning did not come in one piece with what was before it */
};

/* Parses a line that has ended. verb: the row of its verb, or NULL. expects_secret: a line without
 * a verb may be a password, or bytes of a file. The command refers to line->text. is_alone is left
 * to the caller. */
void command_of(struct command *ret_command, struct line *line, const struct verb *verb,
                bool expects_secret);

/* The name of a file that the argument is or, after a word (MFMT), ends with; or NULL. Which of
 * several words it is only the verb knows (SITE): see session_means. */
const char *command_name(const struct command *command);

/* Copies a command. text has room for so many bytes, more than command->length. */
void command_copy(struct command *ret_copy, const struct command *command, char *text, size_t room);

/* Do the traits of the verb hold with that argument? STAT with a name is another command, a listing
 * (RFC 959 section 4.1.3). */
bool command_is_as_said(const struct command *command);

/* Is it run during a transfer? All others wait, also those that are refused: their replies would be
 * taken for the transfer's. */
bool command_is_meanwhile(const struct command *command);

/* Do the letters among n bytes, whatever is between them, spell a verb that a password follows? */
bool command_may_hold_password(const char *bytes, size_t n);

#endif
