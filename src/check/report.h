/*
 * report: prints what clients would get (handler --check).
 */
#ifndef STORD_REPORT_H
#define STORD_REPORT_H

struct check;

/* Prints a line for local clients, for anonymous ones, for strangers, and for each user, with what
 * they may do and within which limits. */
void report_clients(const struct check *check);

#endif
