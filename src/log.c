#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "systemd.h"

enum { STUCK_TIME = 500 };    /* ms to wait for whoever reads the log */
enum { EVENT_LIMIT = 17408 }; /* longest event in bytes; a path may have 4096, escaped 4 times */

static const int syslog_priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

bool log_journal_stream(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    char ours[64]; /* systemd.exec(5): device and inode in decimal */
    (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, ours) == 0;
}

void log_open(struct log *log, enum log_target target, enum log_level level, bool stderr_is_client,
              const struct systemd *systemd) {
    *log = (struct log){.target = target,
                        .level = level,
                        .systemd = systemd,
                        .stderr_is_client = stderr_is_client,
                        .stderr_is_journal = log_journal_stream()};
    if (target == LOG_TARGET_AUTO) {
        if (stderr_is_client)
            log->target = LOG_TARGET_SYSLOG;
        else if (log->stderr_is_journal && systemd)
            log->target = LOG_TARGET_JOURNAL;
        else
            log->target = LOG_TARGET_STDERR;
    }
    if (log->target == LOG_TARGET_STDERR && stderr_is_client)
        log->target = LOG_TARGET_SYSLOG;
    if (log->target == LOG_TARGET_JOURNAL && !systemd)
        log->target = stderr_is_client ? LOG_TARGET_SYSLOG : LOG_TARGET_STDERR;
    if (log->target == LOG_TARGET_SYSLOG)
        openlog("stord", LOG_PID | LOG_NDELAY, LOG_FTP);
    if (target == LOG_TARGET_STDERR && log->target == LOG_TARGET_SYSLOG)
        log_event(log, LOG_LEVEL_WARNING, "Logging to syslog: standard error is the client's");
    if (target == LOG_TARGET_JOURNAL && log->target != LOG_TARGET_JOURNAL)
        log_event(log, LOG_LEVEL_WARNING, "Logging without the journal: no libsystemd module");
}

bool log_settle(const struct log *log) {
    tzset(); /* syslog(3) asks for the time zone */
    /* libsystemd opens its socket with the first event, and that of a session has this level */
    return log->target != LOG_TARGET_JOURNAL || log->level >= LOG_LEVEL_INFO;
}

/* Copies text to out with control characters as \xNN. Returns the length; cuts what has no room. */
static size_t escape(char *out, size_t size, const char *text) {
    size_t n = 0;
    for (const char *c = text; *c && n + 5 < size; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f)
            n += (size_t)snprintf(out + n, size - n, "\\x%02x", byte);
        else
            out[n++] = *c;
    }
    out[n] = '\0';
    return n;
}

static void to_journal(const struct log *log, int priority, const char *text) {
    char message[EVENT_LIMIT + 16], prio[16];
    int message_length = snprintf(message, sizeof(message), "MESSAGE=%s", text);
    int prio_length = snprintf(prio, sizeof(prio), "PRIORITY=%d", priority);
    char ident[] = "SYSLOG_IDENTIFIER=stord";
    struct iovec fields[] = {
        {.iov_base = message, .iov_len = (size_t)message_length},
        {.iov_base = prio, .iov_len = (size_t)prio_length},
        {.iov_base = ident, .iov_len = sizeof(ident) - 1},
    };
    (void)log->systemd->journal_sendv(fields, sizeof(fields) / sizeof(fields[0]));
}

static void to_stderr(const struct log *log, int priority, const char *text) {
    char line[EVENT_LIMIT + 64];
    int n = log->stderr_is_journal
                ? snprintf(line, sizeof(line), "<%d>%s\n", priority, text)
                : snprintf(line, sizeof(line), "stord[%d]: %s\n", (int)getpid(), text);
    /* A reader that has stopped reading costs lines, not sessions */
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, STUCK_TIME) == 0)
        return;
    /* One write, so that the lines of many sessions in one file do not mix. Where the log
     * cannot be written there is nobody left to tell. */
    ssize_t written = write(STDERR_FILENO, line, (size_t)n);
    (void)written;
}

void log_event(const struct log *log, enum log_level level, const char *format, ...) {
    if (level > log->level)
        return;
    char raw[EVENT_LIMIT], text[EVENT_LIMIT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    (void)escape(text, sizeof(text), raw);
    int priority = syslog_priority[level];
    switch (log->target) {
    case LOG_TARGET_JOURNAL:
        to_journal(log, priority, text);
        break;
    case LOG_TARGET_SYSLOG:
        syslog(priority, "%s", text);
        break;
    default:
        to_stderr(log, priority, text);
    }
}
