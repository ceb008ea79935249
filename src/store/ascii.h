/*
 * ascii: line ends of representation type A (RFC 959 section 3.1.1.1). Pure; fuzzed.
 */
#ifndef STORD_ASCII_H
#define STORD_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is carried over from one buffer to the next. */
struct ascii {
    bool cr; /* the last byte was a CR, and may belong to a line end */
};

/* Turns CR LF into LF in place, and CR NUL into the CR that it stands for (RFC 854); a CR without
 * either stays. *bytes must have one writable byte in front of it, for a CR held back from the
 * buffer before; *bytes is moved there if it is needed. A CR at the end is held back (ascii->cr):
 * at the end of the transfer it is a byte of the file. Returns the new length. */
size_t ascii_to_local(struct ascii *ascii, uint8_t **bytes, size_t n);

/* The other way: copies n bytes to out, which has room for 2 * n, with LF turned into CR LF. A CR
 * LF stays as it is, though the local line end is LF: text files that came in binary from systems
 * with CR LF are common, and must not get double line ends. Any other CR is sent without the NUL
 * that RFC 854 wants after it, as other servers do: most clients would keep it in the file. Returns
 * the new length. */
size_t ascii_to_network(struct ascii *ascii, const uint8_t *bytes, size_t n, uint8_t *out);

#endif
