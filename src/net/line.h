/*
 * line: turns the bytes of the control connection into command lines.
 *
 * Pure: no system calls, no allocation. One struct line holds one line; bytes after its end are
 * never touched, so that what follows a command can be the data of an upload. Telnet (RFC 854, RFC
 * 959 section 5.3, RFC 1123 section 4.1.2.12): up to the argument its commands are removed and its
 * options refused; clients send them before ABOR, and when they log in. In an argument 255 is a
 * byte of a name or a password in some old encoding. Two of them mean one there as well (telnet
 * doubles it), until the client has sent a single one: then it doubles none.
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
    LINE_TOO_LONG, /* more than LINE_LIMIT bytes: the rest is dropped */
    LINE_HAS_NUL   /* a NUL byte within it, other than telnet's CR NUL */
};

struct line {
    size_t length;         /* bytes in text */
    size_t used;           /* bytes that may still be there of this and other lines */
    enum line_fault fault; /* first thing that was wrong with the line */
    bool begun;            /* a byte of it has been seen */
    bool in_argument;      /* a blank is in text */
    bool after_cr;         /* the previous byte was a CR */
    size_t crs;            /* CRs that may belong to the line end, and are not yet in text */
    bool doubles_none;     /* the client has sent a 255 in an argument that was not doubled */
    uint8_t telnet;        /* where in a telnet sequence: see line.c */
    uint8_t option_verb;   /* WILL, WONT, DO or DONT, while its option is awaited */
    uint8_t refusal[LINE_REFUSAL_LIMIT]; /* telnet answer to send: the caller empties it */
    size_t refusal_length;               /* bytes in refusal */
    char text[LINE_LIMIT + 1]; /* without the line's end; NUL-terminated once it has ended */
};

/* Prepares for the first byte of a connection. */
void line_init(struct line *line);

/* Forgets the line, so that the next one can be read into it. */
void line_reset(struct line *line);

/* The line so far, as text; line_feed may still append to it. */
const char *line_so_far(struct line *line);

/* The refusal of telnet's options has been sent. */
void line_forget_refusal(struct line *line);

/* Wipes the text from memory. */
void line_wipe(struct line *line);

/* Feeds n bytes. Sets *ret_ended to whether the line has ended, at an LF. Returns how many bytes
 * were used: up to and including that LF, never more. All CRs before the LF belong to the line end
 * (some gateways add one). NULs before the line are dropped: some devices send the NUL that ends
 * their string. */
size_t line_feed(struct line *line, const uint8_t *bytes, size_t n, bool *ret_ended);

/* Ends a line that has no line end (doc/design.md, "Inline uploads"). */
void line_end(struct line *line);

#endif
