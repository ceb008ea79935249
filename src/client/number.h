/*
 * number: decimal numbers in options, URLs and replies. Pure.
 */
#ifndef STORD_CLIENT_NUMBER_H
#define STORD_CLIENT_NUMBER_H

/* Reads a number of digits only and moves *text past it. Returns -1 if there is none, or it is
 * above most; then *text stays. */
int number_take(const char **text, int most);

#endif
