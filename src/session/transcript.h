/*
 * transcript: commands and replies of one session, in a file of its own, so that one can see what a
 * strange device does, and play it again: tests/dialogue.py reads it. Passwords and the contents of
 * files never get there. Each step is written at once.
 *
 * Every function does nothing if the session has no transcript. None except transcript_open can
 * fail: a transcript that cannot be written ends, and the log says so.
 */
#ifndef STORD_TRANSCRIPT_H
#define STORD_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/recording.h"
#include "net/line.h"

_Static_assert(RECORDING_RAW >= LINE_LIMIT + 64, "a step tells of any command line");

struct command;
struct copy_result;
struct log;
struct session;
struct verb;

/* What is not written yet, because its form depends on the reply. */
enum transcript_held { TRANSCRIPT_NOTHING, TRANSCRIPT_PASSWORD, TRANSCRIPT_ADDRESS };

struct transcript {
    struct recording recording;
    bool aside;       /* the current line cannot be played: its replies are comments */
    bool ended;       /* `eof` is written: the client sends nothing more */
    bool vanished;    /* `vanish` is written: the client is gone */
    bool connected;   /* there is a data connection */
    bool open;        /* `connect` is written for it */
    bool close_later; /* its end is written before the next line */
    uint64_t moved;   /* bytes of this transfer that are written */
    enum transcript_held held;
    const struct verb *held_verb;   /* its verb */
    uint64_t left_out;              /* bytes of the line that did not fit */
    size_t raw_length;              /* bytes in raw */
    char raw[RECORDING_RAW + 1];    /* the line as it came */
    char shown[RECORDING_STEP / 2]; /* a reply's line as it is written */
};

/* Makes the file in that folder: see recording_open. Returns 0 or a negative errno. */
int transcript_open(struct transcript *ret_transcript, const char *folder, const struct log *log);

/* Bytes have come that are not a file's. command: the one that is complete with them, or NULL. */
void transcript_input(const struct session *session, const uint8_t *bytes, size_t n,
                      const struct command *command);

/* A command is complete without a line end. */
void transcript_line(const struct session *session, const struct command *command);

/* A line of a reply, with its end. */
void transcript_reply(const struct session *session, const char *line, size_t n);

/* A data connection has been made. */
void transcript_connected(const struct session *session);

/* The bytes of an upload have come. */
void transcript_received(const struct session *session, bool is_inline,
                         const struct copy_result *result);

/* Something was sent over a data connection. error: a negative errno that ended it, or 0. */
void transcript_sent(const struct session *session, int error);

/* The client is gone, though it only seemed to send nothing more. */
void transcript_vanished(const struct session *session);

/* A comment. */
void transcript_note(const struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The session is over. rest: what came of a line that has no end. */
void transcript_end(const struct session *session, const struct command *rest);

#endif
