/*
 * reply: one reply of the server, built from its lines (RFC 959, 4.2). Pure; fuzzed.
 */
#ifndef STORD_CLIENT_REPLY_H
#define STORD_CLIENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REPLY_SIZE = 16384,        /* bytes of one reply that are kept */
    REPLY_LINES_MOST = 10000,  /* a longer one is refused, */
    REPLY_BYTES_MOST = 1 << 20 /* and one of more bytes, even if they are one line, or empty
                                * lines */
};

/* In place of a code: there is no reply, and the session is lost. */
enum { REPLY_NONE = -1 };

struct reply {
    int code;              /* of the first line; 0 before it; or REPLY_NONE */
    bool whole;            /* the last line has come, or there is no reply */
    int lines;             /* so far */
    size_t received;       /* bytes that came for it, line ends included */
    size_t length;         /* bytes in text */
    char text[REPLY_SIZE]; /* the lines, each with a '\n' */
};

/* Empties it for the next one. */
void reply_reset(struct reply *reply);

/* Counts bytes that came for the line to be added next. Returns as reply_add. */
const char *reply_count(struct reply *reply, size_t bytes);

/* Adds a line of so many bytes, without its end. Returns NULL, or as text why this is not a reply:
 * then its code is REPLY_NONE. */
const char *reply_add(struct reply *reply, const char *line, size_t length);

/* Tells whether a whole reply to FEAT lists that feature (RFC 2389, 3.2: a blank, then it). */
bool reply_has_feature(const struct reply *reply, const char *feature);

/* The same of a feature that is followed by a blank and a value, which is copied as far as it fits:
 * "HASH SHA-256;MD5". */
bool reply_feature_value(const struct reply *reply, const char *feature, char *ret, size_t size);

/* The last line, for messages; NULL if there is none. Ends the text at that line. */
const char *reply_last_line(struct reply *reply);

/* Tells whether a line begins as a reply does: three digits, then a blank, a hyphen or nothing. */
bool reply_has_code(const char *line, size_t length);

/* The code of such a line. */
int reply_code(const char *line);

/* The path in a 257 reply (RFC 959, appendix II: in double quotes, one in it doubled). Returns
 * whether there is one that fits. */
bool reply_path(const char *line, char *ret, size_t size);

/* The number in a 213 reply to SIZE (RFC 3659, 4), or -1. */
long long reply_size(const char *line);

/* The first word in a reply that is a digest of so many hexadecimal digits, in lower case. Returns
 * whether there is one. */
bool reply_digest(const char *line, char *ret, size_t digits);

/* The port in a 229 reply (RFC 2428, 3: "(|||port|)" with any printable delimiter), or -1. */
int reply_epsv_port(const char *line);

/* The port in a 227 reply (RFC 959, 4.1.2: "h1,h2,h3,h4,p1,p2", with or without brackets), or
 * -1. */
int reply_pasv_port(const char *line);

#endif
