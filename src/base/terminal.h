/*
 * terminal: what is printed for who stands before a terminal, by --check, --hash and --recount, and
 * about options. Names in it can be of anybody's making: they are escaped as in the log.
 */
#ifndef STORD_TERMINAL_H
#define STORD_TERMINAL_H

#include <stdio.h>

/* Prints text without line ends, as escape_line makes it. What is longer than 16 KiB is cut. */
void terminal_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same as a line of its own. */
void terminal_line(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
