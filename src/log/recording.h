/*
 * recording: the file of a transcript, to which steps are added as they happen.
 */
#ifndef STORD_RECORDING_H
#define STORD_RECORDING_H

#include <stdarg.h>
#include <stddef.h>

struct log;

enum {
    RECORDING_RAW = 8192 + 64,                /* bytes that a step may show */
    RECORDING_STEP = 4 * RECORDING_RAW + 256, /* longest step, every byte escaped */
    RECORDING_LIMIT = 1 << 20                 /* bytes of a file */
};

struct recording {
    int fd;       /* -1 once nothing more is written */
    size_t size;  /* bytes written */
    double begun; /* clock_seconds at the beginning, */
    double told;  /* and when a time was last written */
};

/* Makes a file in the folder, named by the time (UTC) and the log's name for the session, mode
 * 0600, that begins with the session and its client. Returns 0 or a negative errno. */
int recording_open(struct recording *ret_recording, const char *folder, const struct log *log);

/* Adds one step, and before it the time if some has passed. The recording ends when a step cannot
 * be written, which is logged, or at RECORDING_LIMIT. */
void recording_add(struct recording *recording, const struct log *log, const char *format,
                   va_list arguments) __attribute__((format(printf, 3, 0)));

/* Nothing more is written. */
void recording_close(struct recording *recording);

#endif
