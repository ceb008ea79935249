/*
 * log: tells the operator what happens in sessions: one event, one line, one set of facts. Nothing
 * it does reaches the client's connection.
 */
#ifndef STORD_LOG_H
#define STORD_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/event.h"

struct digest_set;
struct systemd;

/* How to log. */
struct log_setup {
    enum log_target target;
    enum log_level level;          /* what is less urgent is not logged */
    bool json;                     /* lines on standard error are JSON */
    bool counts;                   /* events are counted: see metrics */
    bool stderr_is_client;         /* what start_tame found out */
    const struct systemd *systemd; /* the journal's functions; NULL without the module */
};

enum { LOG_SESSION_SIZE = 17, LOG_LINE = 65536 /* bytes of a line of JSON at most */ };

/* What all events of a session have in common. NULL or "": not known. The texts stay the
 * caller's. */
struct log_context {
    char session[LOG_SESSION_SIZE]; /* 64 random bits in hexadecimal */
    const char *peer;               /* the client: see struct peer */
    const char *user;               /* who is logged in */
    const char *tls;                /* version of TLS on the control connection */
};

struct log {
    struct log_setup setup; /* target is never AUTO once log_open has run */
    bool stderr_is_journal; /* standard error leads to the journal (JOURNAL_STREAM) */
    bool stderr_is_file;    /* it is a plain file: writing does not wait for a reader */
    struct log_context context;
};

/* What is known of one event in addition to its text. What is not known is 0. */
struct log_facts {
    const char *user;                 /* if it is not the one who is logged in */
    const char *file;                 /* its path on the disk, any bytes */
    const char *verdict;              /* whether an upload is whole and why: doc/design.md */
    int reply;                        /* code of the reply to the client */
    bool moved;                       /* bytes and seconds are known */
    uint64_t bytes;                   /* transferred */
    double seconds;                   /* that the transfer took */
    const struct digest_set *digests; /* of the file */
};

/* Chooses where to log. If a target is not available, the next best is taken and the log says
 * so. */
void log_open(struct log *log, const struct log_setup *setup);

/* Set what later events have in common; NULL: not known. The texts stay the caller's. */
void log_set_peer(struct log *log, const char *peer);
void log_set_user(struct log *log, const char *user);
void log_set_tls(struct log *log, const char *tls);

/* Tells whether standard error leads to the journal, as the environment says. */
bool log_journal_stream(void);

/* Tells whether that target, which may be AUTO, means the journal. */
bool log_wants_journal(enum log_target target);

/* Opens what log_event would open later, for a process that is about to be confined and has logged
 * the beginning of its session. Returns false if the journal's socket (AF_UNIX, datagrams) is still
 * to be opened. */
bool log_settle(const struct log *log);

/* Writes one event as one line. The text is escaped (see escape_line); the journal's fields have
 * the exact bytes. */
void log_event(const struct log *log, enum event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with facts. */
void log_about(const struct log *log, enum event event, const struct log_facts *facts,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One fact more; NULL or "": it is left out. */
struct log_more {
    const char *name, *value;
    bool is_number;
};

/* Puts the line of JSON together that the log has for an event with that text (json_line), with
 * `count` facts more, of which those without a value are left out. Returns its length. */
size_t log_compose(const struct log *log, enum event event, const struct log_facts *facts,
                   const struct log_more *more, size_t count, const char *text,
                   char line[LOG_LINE]);

/* Before the process ends: waits, up to half a second, until the journal has read what was logged,
 * because it looks up the sender in /proc. */
void log_close(const struct log *log);

#endif
