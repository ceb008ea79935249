/*
 * facts: what listings say about a file. Pure: formats a struct stat, touches no file.
 *
 * Two forms: facts of MLST and MLSD (RFC 3659 section 7), for programs; and lines as `ls -l` prints
 * them, for people, and for the many programs that read them nevertheless. Times are in UTC in
 * both: most servers do so, clients assume it, and they could not tell a local time from it.
 */
#ifndef STORD_FACTS_H
#define STORD_FACTS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

/* The facts that we know (RFC 3659 section 7.5). */
enum fact {
    FACT_TYPE = 1 << 0,   /* file or dir */
    FACT_SIZE = 1 << 1,   /* in bytes, for files */
    FACT_MODIFY = 1 << 2, /* time of the last change */
    FACT_PERM = 1 << 3,   /* what the client may do */
    FACT_UNIQUE = 1 << 4, /* the same for two names of one file, and for no others */
    FACT_MODE = 1 << 5,   /* UNIX.mode: permission bits in octal */
    FACTS_ALL = (1 << 6) - 1
};

enum {
    FACTS_TIME_SIZE = 48,  /* of a time; with room for what no year has */
    FACTS_NAMES_SIZE = 64, /* of the names of all facts */
    FACTS_SIZE = 192,      /* of all facts of one file */
    FACTS_LONG_SIZE = 128  /* of a line of `ls -l`, without the name */
};

/* Writes a time as YYYYMMDDHHMMSS in UTC (RFC 3659 section 2.3). */
void facts_time(time_t time, char out[FACTS_TIME_SIZE]);

/* Reads the facts that "OPTS MLST type;size;" asks for. Case does not count; unknown ones are left
 * out (RFC 3659 section 7.9). Returns bits of enum fact. */
unsigned facts_parse(const char *list);

/* Writes the names of facts, each followed by ";": those in `facts` (OPTS), or, with `all`, every
 * one, with "*" after those in `facts` (FEAT; RFC 3659 section 7.8). */
void facts_names(unsigned facts, bool all, char out[FACTS_NAMES_SIZE]);

/* Writes "type=file;size=5; ", all that comes before the name. rights: of the session, bits of enum
 * right, for FACT_PERM. */
void facts_format(const struct stat *st, unsigned facts, unsigned rights, char out[FACTS_SIZE]);

/* Writes what `ls -l` puts before the name, with the space: type and permissions, links, owner,
 * group, size, time. Times in the six months before now (or in the next day, for clocks that
 * differ) show the time of day, others the year. Owner and group are always "ftp": clients parse
 * that best, and the users of this machine are not revealed. */
void facts_long(const struct stat *st, time_t now, char out[FACTS_LONG_SIZE]);

#endif
