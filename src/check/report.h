/*
 * report: prints what clients would get (handler --check).
 */
#ifndef STORD_REPORT_H
#define STORD_REPORT_H

struct check;

/* Prints a line each for local clients, anonymous, all users, and everybody else, with what they
 * may do and their limits. */
void report_clients(const struct check *check);

#endif
