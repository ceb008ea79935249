/*
 * number: decimal numbers in options, URLs and replies. Pure.
 */
#ifndef STORD_CLIENT_NUMBER_H
#define STORD_CLIENT_NUMBER_H

/* Reads one number of digits only and moves *text behind it. Returns -1 where there is none or one
 * above most; then *text stays. */
int number_take(const char **text, int most);

#endif
