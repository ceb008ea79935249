/*
 * json_read: reads what json_line wrote: one object whose values are strings and numbers. Pure;
 * what it is given may be anything.
 */
#ifndef STORD_JSON_READ_H
#define STORD_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One member, as it stands in the line. */
struct json_member {
    const char *name, *value; /* without their quotes */
    size_t name_length, length;
    bool is_string;
};

/* Reads the next member. at: the line, then what the last call returned. Returns NULL after the
 * last one, or if it is no such line. */
const char *json_next(const char *at, struct json_member *ret_member);

/* The value of the member of that name, as bytes with a NUL: those that NAME_hex has, if JSON could
 * not carry them. Returns false if there is none, or it does not fit. */
bool json_text(const char *line, const char *name, char *out, size_t size);

/* The same for a number, which is 0 if it is missing. */
uint64_t json_number(const char *line, const char *name);

#endif
