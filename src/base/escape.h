/*
 * escape: text from strangers, for logs. Pure; fuzzed.
 */
#ifndef STORD_ESCAPE_H
#define STORD_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Copies text to out as one line of UTF-8: bytes that are not UTF-8 and characters that could end
 * the line, move the cursor or turn the direction of writing become \xNN, byte for byte, and a
 * backslash becomes two. Returns the length; out ends with NUL. What does not fit is cut off,
 * between characters. */
size_t escape_line(char *out, size_t size, const char *text);

/* The same as the inside of a JSON string (RFC 8259 section 7): such characters become \uNNNN. A
 * byte that is not UTF-8, which JSON cannot carry, becomes the characters \xNN. */
size_t escape_json(char *out, size_t size, const char *text);

/* The same as one word, for columns: every such character, and every blank, becomes "_". */
size_t escape_word(char *out, size_t size, const char *text);

/* n bytes, followed by a NUL, as one line of a dialogue (tests/dialogue.py): as escape_line, except
 * that CR, LF, TAB and NUL become \r, \n, \t and \0, and "{", which begins an address there,
 * becomes \x7b. */
size_t escape_dialogue(char *out, size_t size, const char *bytes, size_t n);

/* Makes n bytes, followed by a NUL, harmless in place: each byte of such a character, and each that
 * is not UTF-8, becomes "?". TAB stays. */
void escape_in_place(char *text, size_t n);

/* Tells whether all of text is UTF-8 (RFC 3629). */
bool escape_is_utf8(const char *text);

#endif
