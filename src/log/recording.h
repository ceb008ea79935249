/*
 * recording: the file of a transcript, to which steps are added as they come.
 */
#ifndef STORD_RECORDING_H
#define STORD_RECORDING_H

#include <stdarg.h>
#include <stddef.h>

struct log;

enum {
    RECORDING_RAW = 8192 + 64,                /* bytes that a step may tell of */
    RECORDING_STEP = 4 * RECORDING_RAW + 256, /* longest step, every one of them escaped */
    RECORDING_LIMIT = 1 << 20                 /* bytes of a file */
};

struct recording {
    int fd;       /* -1 once nothing more is written */
    size_t size;  /* bytes written */
    double begun; /* clock_seconds at the beginning, */
    double told;  /* and when the time was last told */
};

/* Makes a file in the folder, called by the time (UTC) and the log's name for the session, mode
 * 0600, that begins with whose session it is. Returns 0 or a negative errno.
 */
int recording_open(struct recording *ret_recording, const char *folder, const struct log *log);

/* Adds one step, and before it the time where some has passed. What cannot be written, or is more
 * than a file may have, ends the recording; the log says what could not. */
void recording_add(struct recording *recording, const struct log *log, const char *format,
                   va_list arguments) __attribute__((format(printf, 3, 0)));

/* Nothing more is written. */
void recording_close(struct recording *recording);

#endif
