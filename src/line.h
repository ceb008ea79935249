/*
 * line: turns the bytes of the control connection into command lines.
 *
 * Pure: no system calls, no allocation. One struct line holds one line; bytes behind its
 * end are never touched, so that what follows a command can be the data of an upload.
 * Telnet (RFC 854, RFC 959 section 5.3, RFC 1123 section 4.1.2.12): commands are taken out,
 * options are refused, IAC IAC is the byte 255.
 */
#ifndef STORD_LINE_H
#define STORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINE_LIMIT = 8192,      /* longest command line in bytes, without its end */
    LINE_REFUSAL_LIMIT = 30 /* room for the refusal of ten telnet options; more are ignored */
};

enum line_fault {
    LINE_GOOD,
    LINE_TOO_LONG, /* more than LINE_LIMIT bytes: skipped to its end */
    LINE_HAS_NUL   /* a NUL byte other than telnet's CR NUL */
};

struct line {
    char text[LINE_LIMIT + 1]; /* the line without its end, NUL-terminated once it is ended */
    size_t length;             /* bytes in text */
    enum line_fault fault;     /* first thing that was wrong with the line */
    bool begun;                /* at least one byte of it has been seen */
    bool cr;                   /* the byte before was a CR that is not yet in text */
    uint8_t telnet;            /* where in a telnet sequence: see line.c */
    uint8_t option_verb;       /* WILL, WONT, DO or DONT, while its option is awaited */
    uint8_t refusal[LINE_REFUSAL_LIMIT]; /* telnet answer to send: the caller empties it */
    size_t refusal_length;               /* bytes in refusal */
};

/* Ready for the first byte of a connection. */
void line_init(struct line *line);

/* Forgets the line, so that the next one can be read into it. A telnet sequence that is
 * under way is kept, for it may span line ends. */
void line_reset(struct line *line);

/* Feeds n bytes. Sets *ret_ended when the line's LF was among them. Returns how many bytes were
 * used: up to and with that LF, never more. The line end may be CR LF or LF alone. */
size_t line_feed(struct line *line, const uint8_t *bytes, size_t n, bool *ret_ended);

/* Ends a line that has no line end (see "inline" in doc/design.md). */
void line_end(struct line *line);

#endif
