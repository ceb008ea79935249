#include "base/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/rights.h"

static const char *set_text(void *field, const char *value, const char *expected) {
    if (*value == '\0')
        return expected;
    *(const char **)field = value;
    return NULL;
}

const char *value_folder(void *field, const char *value) {
    return set_text(field, value, "a folder");
}

const char *value_file(void *field, const char *value) {
    return set_text(field, value, "a file");
}

const char *value_user(void *field, const char *value) {
    return set_text(field, value, "the name of a user, or a number");
}

const char *value_names(void *field, const char *value) {
    return set_text(field, value, "raw, refuse, or an encoding");
}

const char *value_rights(void *field, const char *value) {
    int rights = rights_parse(value);
    if (rights < 0)
        return "a comma list of upload, append, replace, list, read, mkdir, rename, delete";
    *(unsigned *)field = (unsigned)rights;
    return NULL;
}

const char *value_checksum(void *field, const char *value) {
    int kinds = digest_parse_kinds(value);
    if (kinds < 0)
        return "a comma list of sha256, sha1, md5, crc32, or none";
    *(unsigned *)field = (unsigned)kinds;
    return NULL;
}

/* Index of value in words (NULL-terminated), or -1. */
static int find_word(const char *const *words, const char *value) {
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0)
            return i;
    }
    return -1;
}

/* One of two words: false or true. */
static bool set_choice(void *field, const char *value, const char *no, const char *yes) {
    *(bool *)field = strcmp(value, yes) == 0;
    return *(bool *)field || strcmp(value, no) == 0;
}

const char *value_log(void *field, const char *value) {
    static const char *const words[] = {"auto", "stderr", "syslog", "journal", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "auto, stderr, syslog or journal";
    *(enum log_target *)field = (enum log_target)i;
    return NULL;
}

const char *value_log_level(void *field, const char *value) {
    static const char *const words[] = {"error", "warning", "info", "debug", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "error, warning, info or debug";
    *(enum log_level *)field = (enum log_level)i;
    return NULL;
}

const char *value_append(void *field, const char *value) {
    return set_choice(field, value, "in-place", "copy") ? NULL : "in-place or copy";
}

const char *value_gate_failure(void *field, const char *value) {
    return set_choice(field, value, "later", "publish") ? NULL : "later or publish";
}

const char *value_events(void *field, const char *value) {
    static const char *const words[] = {"uploaded", "upload-failed", "renamed", "removed", NULL};
    char word[16];
    unsigned events = 0;
    for (const char *at = value; strcmp(value, "none") != 0; at++) {
        size_t n = strcspn(at, ",");
        int i = -1;
        if (n < sizeof(word)) {
            memcpy(word, at, n);
            word[n] = '\0';
            i = find_word(words, word);
        }
        if (i < 0)
            return "a comma list of uploaded, upload-failed, renamed, removed; or none";
        events |= 1U << i;
        at += n;
        if (*at == '\0')
            break;
    }
    *(unsigned *)field = events;
    return NULL;
}

const char *value_log_format(void *field, const char *value) {
    return set_choice(field, value, "text", "json") ? NULL : "text or json";
}

/* Reads a whole decimal number from least to most into *ret. Returns false if it is not one. */
static bool parse_number(const char *value, uint64_t least, uint64_t most, uint64_t *ret) {
    if (!isdigit((unsigned char)*value))
        return false;
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    if (errno || *end || n < least || n > most)
        return false;
    *ret = n;
    return true;
}

/* A word behind a number, and how much it makes of that; a table ends with the word NULL. */
struct unit {
    const char *word;
    uint64_t factor;
};

/* Reads a number from least to most that may be followed by one of the units, in any case, with or
 * without a blank. */
static bool parse_with_unit(const char *value, const struct unit *units, uint64_t least,
                            uint64_t most, uint64_t *ret) {
    char digits[24];
    if (parse_number(value, least, most, ret))
        return true;
    size_t length = strspn(value, "0123456789");
    const char *word = value + length + (value[length] == ' ');
    uint64_t n;
    while (units->word && strcasecmp(units->word, word) != 0)
        units++;
    if (length >= sizeof(digits) || !units->word)
        return false;
    memcpy(digits, value, length);
    digits[length] = '\0';
    if (!parse_number(digits, 0, most / units->factor, &n) || n * units->factor < least)
        return false;
    *ret = n * units->factor;
    return true;
}

const char *value_milliseconds(void *field, const char *value) {
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {NULL, 0}};
    uint64_t n;
    if (!parse_with_unit(value, units, 0, 60000, &n))
        return "milliseconds from 0 to 60000 (or followed by ms or s)";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

const char *value_batch(void *field, const char *value) {
    uint64_t n;
    if (!parse_number(value, 1, 64, &n))
        return "a number from 1 to 64";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

const char *value_tries(void *field, const char *value) {
    uint64_t n = 0;
    if (strcmp(value, "none") != 0 && !parse_number(value, 1, 1000, &n))
        return "a number from 1 to 1000, or none";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

/* Milliseconds, or "auto". */
const char *value_vanish_wait(void *field, const char *value) {
    if (strcmp(value, "auto") != 0)
        return value_milliseconds(field, value)
                   ? "auto, or milliseconds from 0 to 60000 (or followed by ms or s)"
                   : NULL;
    *(unsigned *)field = VALUE_AUTO;
    return NULL;
}

static const struct unit times[] = {{"s", 1},    {"sec", 1},   {"m", 60}, {"min", 60},
                                    {"h", 3600}, {"d", 86400}, {NULL, 0}};

const char *value_seconds(void *field, const char *value) {
    uint64_t n;
    if (!parse_with_unit(value, times, 1, 86400, &n))
        return "seconds from 1 to 86400 (or followed by s, m, h or d)";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

const char *value_gate_time(void *field, const char *value) {
    uint64_t n;
    if (!parse_with_unit(value, times, 1, 3600, &n))
        return "seconds from 1 to 3600 (or followed by s, m or h)";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

const char *value_type(void *field, const char *value) {
    return set_choice(field, value, "binary", "ascii") ? NULL : "ascii or binary";
}

/* "first-last", or "any". */
const char *value_ports(void *field, const char *value) {
    static const char expected[] = "two ports from 1024 on, as in 50000-50099, or any";
    char first[8];
    uint64_t a = 0, b = 0;
    size_t length = strcspn(value, "-:");
    if (strcmp(value, "any") != 0) {
        if (!value[length] || length >= sizeof(first))
            return expected;
        memcpy(first, value, length);
        first[length] = '\0';
        if (!parse_number(first, 1024, 65535, &a) ||
            !parse_number(value + length + 1, a, 65535, &b))
            return expected;
    }
    *(struct port_range *)field = (struct port_range){(unsigned short)a, (unsigned short)b};
    return NULL;
}

/* Can it be the name of a host, and not a misspelt address? */
static bool is_host_name(const char *value) {
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const char *last = strrchr(value, '.');
    return strspn(value, letters) == strlen(value) &&
           isalpha((unsigned char)(last ? last[1] : *value)) && isalnum((unsigned char)*value) &&
           strlen(value) < VALUE_HOST_SIZE;
}

const char *value_address(void *field, const char *value) {
    struct told told = {.name = NULL};
    bool is_address = inet_pton(AF_INET, value, &told.address) == 1;
    if (!is_address && strcmp(value, "own") != 0 && is_host_name(value))
        told.name = value;
    else if (strcmp(value, "own") != 0 && (!is_address || !told.address.s_addr))
        return "an IPv4 address, the name of a host, or own";
    *(struct told *)field = told;
    return NULL;
}

const char *value_hours(void *field, const char *value) {
    static const struct unit units[] = {{"h", 1}, {"d", 24}, {NULL, 0}};
    uint64_t n;
    if (!parse_with_unit(value, units, 0, 8760, &n))
        return "hours from 0 to 8760 (or followed by h or d)";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

static const char *const conflicts[] = {"replace", "rename", "refuse", NULL};

const char *value_conflict_word(enum conflict conflict) {
    return conflicts[conflict];
}

const char *value_conflict(void *field, const char *value) {
    int i = find_word(conflicts, value);
    if (i < 0)
        return "replace, rename or refuse";
    *(enum conflict *)field = (enum conflict)i;
    return NULL;
}

static const char *const tls_words[] = {"auto", "off", "allow", "require", "implicit", NULL};

const char *value_tls_word(enum tls_mode mode) {
    return tls_words[mode];
}

const char *value_tls(void *field, const char *value) {
    int i = find_word(tls_words, value);
    if (i < 0)
        return "auto, off, allow, require or implicit";
    *(enum tls_mode *)field = (enum tls_mode)i;
    return NULL;
}

static bool set_mode(void *field, const char *value, unsigned long most) {
    size_t digits = strspn(value, "01234567");
    unsigned long mode = digits > 0 && digits <= 5 ? strtoul(value, NULL, 8) : most + 1;
    if (strcmp(value, "umask") == 0)
        *(mode_t *)field = VALUE_NO_MODE;
    else if (value[digits] == '\0' && mode <= most)
        *(mode_t *)field = (mode_t)mode;
    else
        return false;
    return true;
}

const char *value_file_mode(void *field, const char *value) {
    return set_mode(field, value, 0777) ? NULL : "an octal mode from 0 to 0777, or umask";
}

const char *value_dir_mode(void *field, const char *value) {
    return set_mode(field, value, 03777) ? NULL : "an octal mode from 0 to 03777, or umask";
}

const char *value_group(void *field, const char *value) {
    uint64_t number;
    gid_t *group = field;
    const struct group *known = NULL;
    if (strcmp(value, "own") == 0)
        *group = VALUE_NO_GROUP;
    else if (parse_number(value, 0, VALUE_NO_GROUP - 1, &number))
        *group = (gid_t)number;
    else if ((known = getgrnam(value)))
        *group = known->gr_gid;
    else
        return "a group that this machine knows, a number, or own";
    return NULL;
}

/* Bytes, perhaps followed by a power of 1024: K, KB and KiB are the same. */
static bool parse_size(const char *value, uint64_t *ret) {
#define POWER(letter, shift)                                                                       \
    {letter, UINT64_C(1) << (shift)}, {letter "B", UINT64_C(1) << (shift)}, {                      \
        letter "iB", UINT64_C(1) << (shift)                                                        \
    }
    static const struct unit units[] = {{"B", 1},       POWER("K", 10), POWER("M", 20),
                                        POWER("G", 30), POWER("T", 40), {NULL, 0}};
    return parse_with_unit(value, units, 0, INT64_MAX, ret);
}

const char *value_limit(void *field, const char *value) {
    uint64_t limit = VALUE_UNLIMITED;
    if (strcmp(value, "none") != 0 && (!parse_size(value, &limit) || limit == 0))
        return "bytes (or followed by K, M, G or T), or none";
    *(uint64_t *)field = limit;
    return NULL;
}

/* "0%" to "99%" */
static bool parse_percent(const char *value, unsigned *ret) {
    char digits[3] = "";
    size_t length = strspn(value, "0123456789");
    uint64_t percent;
    if (length >= sizeof(digits) || strcmp(value + length, "%") != 0)
        return false;
    memcpy(digits, value, length);
    if (!parse_number(digits, 0, 99, &percent))
        return false;
    *ret = (unsigned)percent;
    return true;
}

const char *value_room(void *field, const char *value) {
    struct room room = {0};
    if (!parse_percent(value, &room.percent) && !parse_size(value, &room.bytes))
        return "bytes (or followed by K, M, G or T), or a percentage from 0% to 99%";
    *(struct room *)field = room;
    return NULL;
}

const char *value_flag(void *field, const char *value) {
    static const char *const words[] = {"no", "0", "false", "off", "yes", "1", "true", "on", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "yes or no";
    *(bool *)field = i >= 4;
    return NULL;
}
