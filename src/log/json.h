/*
 * json: an event as one line of JSON (RFC 8259). Pure.
 */
#ifndef STORD_JSON_H
#define STORD_JSON_H

#include <sys/types.h>
#include <time.h>

#include "log/record.h"

enum { JSON_LIMIT = 65536 /* longest line in bytes */ };

/* Adds the record after the first n bytes of line: time, level, event and process, then the facts,
 * then the text. A string that is not UTF-8 is escaped by escape_json, and its bytes follow in
 * hexadecimal as NAME_hex. What does not fit is cut so that the line stays JSON. Returns the length
 * of the line. */
size_t json_line(char line[JSON_LIMIT], size_t n, const struct record *record,
                 const struct timespec *time, pid_t pid);

#endif
