/*
 * json: an event as one line of JSON (RFC 8259). Pure.
 */
#ifndef STORD_JSON_H
#define STORD_JSON_H

#include <sys/types.h>
#include <time.h>

#include "log/record.h"

enum { JSON_LIMIT = 65536 /* longest line in bytes */ };

/* Puts the record behind the first n bytes of line: when it was and who wrote it, then the facts,
 * then the text. A string that is no UTF-8 is shown as escape_json does, and has a twin of its
 * bytes in hexadecimal, NAME_hex. What has no room is cut so that it stays JSON. Returns the length
 * of all. */
size_t json_line(char line[JSON_LIMIT], size_t n, const struct record *record,
                 const struct timespec *time, pid_t pid);

#endif
