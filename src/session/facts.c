#include "session/facts.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/rights.h"

_Static_assert(sizeof(time_t) >= 8 && sizeof(off_t) >= 8, "see _TIME_BITS in the Makefile");

enum { DAY = 24 * 60 * 60, SIX_MONTHS = 182 * DAY };

/* Writes one fact of one file, "" if the file has none. */
typedef void fact_writer(const struct stat *st, unsigned rights, char *out, size_t size);

/* The time in UTC, limited to the years 0 to 9999 that the formats have room for. */
static struct tm in_utc(time_t time) {
    static const time_t first = -62167219200, last = 253402300799;
    struct tm tm = {0};
    if (time < first)
        time = first;
    (void)gmtime_r(time > last ? &last : &time, &tm);
    return tm;
}

static void write_type(const struct stat *st, unsigned rights, char *out, size_t size) {
    (void)rights;
    (void)snprintf(out, size, "%s", S_ISDIR(st->st_mode) ? "dir" : "file");
}

static void write_size(const struct stat *st, unsigned rights, char *out, size_t size) {
    (void)rights;
    if (S_ISREG(st->st_mode))
        (void)snprintf(out, size, "%jd", (intmax_t)st->st_size);
}

void facts_time(time_t time, char out[FACTS_TIME_SIZE]) {
    struct tm tm = in_utc(time);
    (void)strftime(out, FACTS_TIME_SIZE, "%Y%m%d%H%M%S", &tm);
}

static void write_modify(const struct stat *st, unsigned rights, char *out, size_t size) {
    (void)rights;
    char time[FACTS_TIME_SIZE];
    facts_time(st->st_mtime, time);
    (void)snprintf(out, size, "%s", time);
}

/* The letters of RFC 3659 section 7.5.5 and the rights that each needs. */
static void write_perm(const struct stat *st, unsigned rights, char *out, size_t size) {
    static const struct {
        char letter;
        bool folder;
        unsigned rights;
    } letters[] = {
        {'a', false, RIGHT_APPEND},
        {'d', false, RIGHT_DELETE},
        {'f', false, RIGHT_RENAME},
        {'r', false, RIGHT_READ},
        {'w', false, RIGHT_UPLOAD | RIGHT_REPLACE},
        {'c', true, RIGHT_UPLOAD},
        {'d', true, RIGHT_DELETE},
        {'e', true, RIGHT_NONE},
        {'f', true, RIGHT_RENAME},
        {'l', true, RIGHT_LIST},
        {'m', true, RIGHT_MKDIR},
        {'p', true, RIGHT_DELETE},
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]) && n + 1 < size; i++) {
        if (letters[i].folder == S_ISDIR(st->st_mode) &&
            (letters[i].rights & rights) == letters[i].rights)
            out[n++] = letters[i].letter;
    }
    out[n] = '\0';
}

static void write_unique(const struct stat *st, unsigned rights, char *out, size_t size) {
    (void)rights;
    (void)snprintf(out, size, "%jxU%jx", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
}

static void write_mode(const struct stat *st, unsigned rights, char *out, size_t size) {
    (void)rights;
    (void)snprintf(out, size, "%04o", st->st_mode & 07777U);
}

static const struct {
    const char *name;
    enum fact fact;
    fact_writer *write;
} known[] = {
    {"type", FACT_TYPE, write_type},       {"size", FACT_SIZE, write_size},
    {"modify", FACT_MODIFY, write_modify}, {"perm", FACT_PERM, write_perm},
    {"unique", FACT_UNIQUE, write_unique}, {"UNIX.mode", FACT_MODE, write_mode},
};

enum { KNOWN_COUNT = sizeof(known) / sizeof(known[0]) };

unsigned facts_parse(const char *list) {
    unsigned facts = 0;
    while (*list) {
        size_t n = strcspn(list, ";");
        for (size_t i = 0; i < KNOWN_COUNT; i++) {
            if (strlen(known[i].name) == n && strncasecmp(known[i].name, list, n) == 0)
                facts |= known[i].fact;
        }
        list += n + (list[n] == ';');
    }
    return facts;
}

void facts_names(unsigned facts, bool all, char out[FACTS_NAMES_SIZE]) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        bool selected = facts & known[i].fact;
        if (all || selected)
            n += (size_t)snprintf(out + n, FACTS_NAMES_SIZE - n, "%s%s;", known[i].name,
                                  all && selected ? "*" : "");
    }
}

void facts_format(const struct stat *st, unsigned facts, unsigned rights, char out[FACTS_SIZE]) {
    size_t n = 0;
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        char value[40] = "";
        if (facts & known[i].fact)
            known[i].write(st, rights, value, sizeof(value));
        if (*value || (facts & known[i].fact & FACT_PERM)) /* an empty permission is a fact, too */
            n += (size_t)snprintf(out + n, FACTS_SIZE - n, "%s=%s;", known[i].name, value);
    }
    (void)snprintf(out + n, FACTS_SIZE - n, " ");
}

static char type_letter(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFREG:
        return '-';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    case S_IFCHR:
        return 'c';
    default:
        return 'b';
    }
}

/* "-rw-r--r--"; set-id and sticky bits as ls shows them. */
static void write_permissions(mode_t mode, char out[11]) {
    static const struct {
        mode_t bit;
        const char *letters; /* with and without the right to execute */
    } special[] = {{S_ISUID, "sS"}, {S_ISGID, "sS"}, {S_ISVTX, "tT"}};
    out[0] = type_letter(mode);
    for (size_t i = 0; i < 9; i++)
        out[i + 1] = (char)(mode & (0400U >> i) ? "rwx"[i % 3] : '-');
    for (size_t i = 0; i < 3; i++) {
        if (mode & special[i].bit)
            out[3 * i + 3] = special[i].letters[out[3 * i + 3] == '-'];
    }
    out[10] = '\0';
}

void facts_long(const struct stat *st, time_t now, char out[FACTS_LONG_SIZE]) {
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char permissions[11], when[16];
    struct tm tm = in_utc(st->st_mtime);
    if (st->st_mtime > now - SIX_MONTHS && st->st_mtime <= now + DAY)
        (void)snprintf(when, sizeof(when), "%02d:%02d", tm.tm_hour, tm.tm_min);
    else
        (void)snprintf(when, sizeof(when), " %04d", tm.tm_year + 1900);
    write_permissions(st->st_mode, permissions);
    (void)snprintf(out, FACTS_LONG_SIZE, "%s %4ju ftp      ftp      %12jd %s %2d %s ", permissions,
                   (uintmax_t)st->st_nlink, (intmax_t)st->st_size, months[tm.tm_mon % 12],
                   tm.tm_mday, when);
}
