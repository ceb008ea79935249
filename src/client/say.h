/*
 * say: messages to the user. Servers and file names cannot control the terminal.
 */
#ifndef STORD_CLIENT_SAY_H
#define STORD_CLIENT_SAY_H

/* Prints the program's name, ": " and the message as one line on standard error. Control characters
 * and what is not UTF-8 become "?". Cut off after 8 KiB. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
