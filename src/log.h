/*
 * log: the one place that writes about sessions to the operator. Nothing it does reaches
 * the client's connection.
 */
#ifndef STORD_LOG_H
#define STORD_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_target {
    LOG_TARGET_AUTO,   /* journal, syslog or standard error, whichever standard error tells */
    LOG_TARGET_STDERR, /* standard error, unless it is the client's connection */
    LOG_TARGET_SYSLOG,
    LOG_TARGET_JOURNAL
};

struct systemd;

struct log {
    enum log_target target;        /* never AUTO once log_open has run */
    enum log_level level;          /* what is less urgent is left out */
    const struct systemd *systemd; /* the journal's functions; NULL without the module */
    bool stderr_is_client;         /* standard error is the client's connection: never written */
    bool stderr_is_journal;        /* standard error leads to the journal (JOURNAL_STREAM) */
};

/* Chooses where to log. stderr_is_client: what start_streams found out. systemd: the loaded
 * module or NULL. A target that cannot be had falls back to the next best and says so. */
void log_open(struct log *log, enum log_target target, enum log_level level, bool stderr_is_client,
              const struct systemd *systemd);

/* Tells whether standard error leads to the journal, as the environment says. */
bool log_journal_stream(void);

/* Opens what log_event would open later, for a process that is about to be confined and has logged
 * the beginning of its session. Returns whether nothing is left to be opened: else it will want a
 * datagram socket of AF_UNIX. */
bool log_settle(const struct log *log);

/* Writes one event as one line. Control characters are escaped. */
void log_event(const struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
