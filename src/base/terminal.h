/*
 * terminal: what --check, --hash, --recount and complaints about options print. Names in it may
 * come from anybody: they are escaped as in the log.
 */
#ifndef STORD_TERMINAL_H
#define STORD_TERMINAL_H

#include <stdio.h>

/* Prints one line of text without its end, escaped by escape_line, cut after 16 KiB. */
void terminal_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a line end. */
void terminal_line(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
