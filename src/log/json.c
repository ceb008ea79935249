#include "log/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

enum {
    JSON_RESERVE = 1024 /* of a line, for what follows a string: names, numbers, its end */
};

/* A line of JSON being put together. Room is left for its end. */
struct json {
    char *line;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put_json(struct json *json, const char *format,
                                                           ...) {
    va_list arguments;
    va_start(arguments, format);
    json->length +=
        (size_t)vsnprintf(json->line + json->length, JSON_LIMIT - json->length, format, arguments);
    va_end(arguments);
}

/* How much room there is for a string. */
static size_t json_room(const struct json *json) {
    size_t limit = JSON_LIMIT - JSON_RESERVE;
    return json->length < limit ? limit - json->length : 1;
}

/* A string is cut if it would leave too little room for what follows it. */
static void put_string(struct json *json, const char *name, const char *value) {
    put_json(json, ",\"%s\":\"", name);
    json->length += escape_json(json->line + json->length, json_room(json), value);
    put_json(json, "\"");
}

/* The bytes of a string that JSON cannot carry. */
static void put_hexadecimal(struct json *json, const char *name, const char *value) {
    if (2 * strlen(value) >= json_room(json))
        return;
    put_json(json, ",\"%s_hex\":\"", name);
    for (const char *c = value; *c; c++)
        put_json(json, "%02x", (unsigned char)*c);
    put_json(json, "\"");
}

static void put_fact(struct json *json, const struct fact *fact) {
    if (fact->is_number) {
        put_json(json, ",\"%s\":%s", fact->name, fact->value);
        return;
    }
    put_string(json, fact->name, fact->value);
    if (!escape_is_utf8(fact->value))
        put_hexadecimal(json, fact->name, fact->value);
}

size_t json_line(char line[JSON_LIMIT], size_t n, const struct record *record,
                 const struct timespec *time, pid_t pid) {
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    struct json json = {line, n};
    struct tm utc;
    char date[sizeof("2000-01-01T00:00:00")];
    (void)gmtime_r(&time->tv_sec, &utc);
    (void)strftime(date, sizeof(date), "%FT%T", &utc);
    put_json(&json, "{\"time\":\"%s.%06ldZ\",\"level\":\"%s\",\"event\":\"%s\",\"pid\":%d", date,
             time->tv_nsec / 1000, levels[record->kind->level], record->kind->name, (int)pid);
    for (size_t i = 0; i < record->count; i++)
        put_fact(&json, &record->facts[i]);
    put_string(&json, "message", record->text);
    put_json(&json, "}\n");
    return json.length;
}
