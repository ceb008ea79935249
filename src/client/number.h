/*
 * number: decimal numbers in options, URLs and replies. Pure.
 */
#ifndef STORD_CLIENT_NUMBER_H
#define STORD_CLIENT_NUMBER_H

/* Reads a number of digits only and moves *text past it. Returns -1 if there is none, or it is
 * above most; then *text stays. */
int number_take(const char **text, int most);
long long number_take_long(const char **text, long long most);

/* Reads a size in bytes: a number, perhaps followed by K, M or G (of 1024). Returns -1 if it is
 * not one. */
long long number_size(const char *text);

#endif
