/*
 * record: one event, ready to be written.
 */
#ifndef STORD_RECORD_H
#define STORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "log/event.h"

enum {
    RECORD_LIMIT = 17408, /* longest text in bytes; a path may have 4096, escaped 4 times */
    RECORD_FACTS = 20,    /* facts of one event at most */
    RECORD_NUMBER = 24    /* size of a number as text */
};

/* One fact: its name in JSON, which is STORD_NAME in the journal. */
struct fact {
    const char *name, *value;
    bool is_number;
};

/* One event, ready to be written. */
struct record {
    const struct event_kind *kind;
    int priority;     /* of syslog */
    const char *text; /* one line, escaped */
    char bytes[RECORD_NUMBER], seconds[RECORD_NUMBER], reply[RECORD_NUMBER];
    char digests[DIGEST_KINDS][DIGEST_TEXT];
    struct fact facts[RECORD_FACTS];
    size_t count;
};

#endif
