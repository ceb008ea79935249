/*
 * say: what the user is told. Servers and file names have no say in what the terminal does.
 */
#ifndef STORD_CLIENT_SAY_H
#define STORD_CLIENT_SAY_H

/* Prints "client: " and the message, made harmless, as a line on standard error. What is longer
 * than 5 KiB is cut. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);

#endif
