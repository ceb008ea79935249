#include "log/log.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/escape.h"
#include "base/scratch.h"
#include "log/json.h"
#include "log/metrics.h"
#include "log/outlet.h"
#include "log/record.h"
#include "log/systemd.h"

enum {
    STUCK_TIME = 500,    /* ms to wait for the log's reader */
    FIELDS_ROOM = 40960, /* for all of the journal's fields of one event */
    FIELDS_MOST = RECORD_FACTS + 5
};

_Static_assert((int)LOG_LINE == (int)JSON_LIMIT, "a line of the log");

enum { OUTLET_UNKNOWN = -2 }; /* nothing has been sent yet */

/* Where the log goes: a process has one place for it, whatever `struct log` it uses. */
static struct {
    int outlet;   /* the socket of libsystemd; -1: not found */
    int reader;   /* a socket that is writable as long as the daemon reads, or -1 */
    int patience; /* ms to wait for that */
    bool is_pipe; /* standard error is no socket */
    bool is_cut;  /* a line there was cut off: the next one begins with its end */
} way = {.outlet = OUTLET_UNKNOWN, .reader = -1, .patience = STUCK_TIME};

static const int syslog_priority[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

void log_set_peer(struct log *log, const char *peer) {
    log->context.peer = peer;
}

void log_set_user(struct log *log, const char *user) {
    log->context.user = user;
}

void log_set_tls(struct log *log, const char *tls) {
    log->context.tls = tls;
}

bool log_journal_stream(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    char ours[64]; /* systemd.exec(5): device and inode in decimal */
    (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, ours) == 0;
}

bool log_wants_journal(enum log_target target) {
    return target == LOG_TARGET_JOURNAL || (target == LOG_TARGET_AUTO && log_journal_stream());
}

/* libsystemd reports no error if there is no journal. */
static bool open_journal(const struct log_setup *setup) {
    if (log_wants_journal(setup->target) && setup->systemd)
        way.reader = outlet_probe("/run/systemd/journal/socket");
    return way.reader >= 0;
}

static enum log_target choose(const struct log_setup *setup) {
    if (open_journal(setup))
        return LOG_TARGET_JOURNAL;
    if (setup->target == LOG_TARGET_SYSLOG || setup->stderr_is_client)
        return LOG_TARGET_SYSLOG;
    return LOG_TARGET_STDERR;
}

static void name_session(char ret_name[LOG_SESSION_SIZE]) {
    uint64_t number = 0;
    ssize_t got = getrandom(&number, sizeof(number), GRND_NONBLOCK);
    if (got != (ssize_t)sizeof(number)) /* at the very start of a machine */
        number = (uint64_t)getpid() << 32 | (uint64_t)clock_ms();
    (void)snprintf(ret_name, LOG_SESSION_SIZE, "%016llx", (unsigned long long)number);
}

static void open_syslog(void) {
    int next = outlet_next();
    openlog("stord", LOG_PID | LOG_NDELAY, LOG_FTP);
    tzset(); /* later no file can be read, and syslog(3) asks for the time zone */
    way.reader = outlet_take(next, STUCK_TIME);
}

void log_open(struct log *log, const struct log_setup *setup) {
    struct stat st;
    *log = (struct log){.setup = *setup, .stderr_is_journal = log_journal_stream()};
    log->stderr_is_file = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
    name_session(log->context.session);
    log->setup.target = choose(setup);
    if (log->setup.target == LOG_TARGET_SYSLOG)
        open_syslog();
    if (setup->target == LOG_TARGET_STDERR && log->setup.target == LOG_TARGET_SYSLOG)
        log_event(log, EVENT_LOG_MOVED, "Logging to syslog: standard error is the client's");
    if (setup->target == LOG_TARGET_JOURNAL && log->setup.target != LOG_TARGET_JOURNAL)
        log_event(log, EVENT_LOG_MOVED, "Logging without the journal: there is %s",
                  setup->systemd ? "none" : "no libsystemd module");
}

bool log_settle(const struct log *log) {
    /* libsystemd opens its socket with the first event, and a session's first one has this level */
    return log->setup.target != LOG_TARGET_JOURNAL || log->setup.level >= LOG_LEVEL_INFO;
}

static void add(struct record *record, const char *name, const char *value) {
    if (value && *value)
        record->facts[record->count++] = (struct fact){name, value, false};
}

static void add_number(struct record *record, const char *name, const char *value) {
    record->facts[record->count++] = (struct fact){name, value, true};
}

static void add_digests(struct record *record, const struct digest_set *digests) {
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++) {
        if (digest_has(digests->kinds, kind))
            add(record, digest_names[kind].option,
                digest_text(digests, kind, record->digests[kind]));
    }
}

static void collect(struct record *record, const struct log_context *context,
                    const struct log_facts *facts) {
    add(record, "session", context->session);
    add(record, "peer", context->peer);
    add(record, "tls", context->tls);
    add(record, "user", facts->user ? facts->user : context->user);
    add(record, "file", facts->file);
    add(record, "verdict", facts->verdict);
    if (facts->moved) {
        (void)snprintf(record->bytes, RECORD_NUMBER, "%llu", (unsigned long long)facts->bytes);
        (void)snprintf(record->seconds, RECORD_NUMBER, "%.6f", facts->seconds);
        add_number(record, "bytes", record->bytes);
        add_number(record, "seconds", record->seconds);
    }
    if (facts->digests)
        add_digests(record, facts->digests);
    if (facts->reply) {
        (void)snprintf(record->reply, RECORD_NUMBER, "%d", facts->reply);
        add_number(record, "reply", record->reply);
    }
}

/* The fields of an event in the journal, NAME=VALUE each. */
struct fields {
    struct iovec parts[FIELDS_MOST];
    int count;
    char room[FIELDS_ROOM];
    size_t used;
};

/* Adds a field called prefix and name, in upper case. What does not fit is left out. */
static void put_field(struct fields *fields, const char *prefix, const char *name,
                      const char *value) {
    char *field = fields->room + fields->used;
    size_t room = sizeof(fields->room) - fields->used;
    size_t length = (size_t)snprintf(field, room, "%s%s=%s", prefix, name, value);
    if (length >= room)
        return;
    for (char *c = field; *c != '='; c++)
        *c = (char)toupper((unsigned char)*c);
    fields->parts[fields->count++] = (struct iovec){field, length};
    fields->used += length;
}

/* libsystemd opens its socket with the first event. */
static int send_to_journal(const struct log *log, const struct fields *fields) {
    bool first = way.outlet == OUTLET_UNKNOWN;
    int next = first ? outlet_next() : -1;
    int result = log->setup.systemd->journal_sendv(fields->parts, fields->count);
    if (first)
        way.outlet = outlet_take(next, STUCK_TIME);
    return result;
}

static int to_journal(const struct log *log, const struct record *record) {
    struct fields *fields = scratch_take(sizeof(*fields));
    char priority[RECORD_NUMBER];
    (void)snprintf(priority, sizeof(priority), "%d", record->priority);
    fields->count = 0;
    fields->used = 0;
    put_field(fields, "", "message", record->text);
    put_field(fields, "", "message_id", record->kind->message_id);
    put_field(fields, "", "priority", priority);
    put_field(fields, "", "syslog_identifier", "stord");
    put_field(fields, "stord_", "event", record->kind->name);
    for (size_t i = 0; i < record->count; i++)
        put_field(fields, "stord_", record->facts[i].name, record->facts[i].value);
    int result = send_to_journal(log, fields);
    scratch_give(fields);
    return result;
}

/* Writes what can be written before the deadline. Returns how many bytes, 0 if none. */
static size_t write_piece(const char *bytes, size_t n, long long deadline) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (await_poll(&ready, 1, clock_until(deadline)) <= 0)
        return 0;
    ssize_t written = way.is_pipe ? -1 : send(STDERR_FILENO, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    way.is_pipe = way.is_pipe || (written < 0 && errno == ENOTSOCK);
    if (way.is_pipe) /* one that is ready has room for so much */
        written = write(STDERR_FILENO, bytes, n < PIPE_BUF ? n : PIPE_BUF);
    return written > 0 ? (size_t)written : 0;
}

/* Writes a line: to a file by one write, so that lines of several sessions do not mix. A reader
 * that has stopped reading costs lines, not sessions. */
static void write_line(const struct log *log, const char *line, size_t n) {
    long long deadline = clock_ms() + STUCK_TIME;
    size_t done = 0, piece = 1;
    if (log->stderr_is_file) {
        ssize_t written = write(STDERR_FILENO, line, n);
        (void)written;
        return;
    }
    if (way.is_cut)
        way.is_cut = write_piece("\n", 1, deadline) == 0;
    if (way.is_cut)
        return;
    for (; done < n && piece > 0; done += piece)
        piece = write_piece(line + done, n - done, deadline);
    way.is_cut = done > 0 && done < n;
}

/* Begins a line with its priority if the journal reads it. */
static size_t begin_line(const struct log *log, const struct record *record, char line[8]) {
    return log->stderr_is_journal ? (size_t)snprintf(line, 8, "<%d>", record->priority) : 0;
}

static void write_text(const struct log *log, const struct record *record) {
    const size_t room = RECORD_LIMIT + 64;
    char *line = scratch_take(room);
    size_t n = begin_line(log, record, line);
    if (n == 0)
        n = (size_t)snprintf(line, room, "stord[%d]: ", (int)getpid());
    n += (size_t)snprintf(line + n, room - n, "%s\n", record->text);
    write_line(log, line, n);
    scratch_give(line);
}

static void write_json(const struct log *log, const struct record *record) {
    char *line = scratch_take(JSON_LIMIT);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    size_t n = begin_line(log, record, line);
    write_line(log, line, json_line(line, n, record, &now, getpid()));
    scratch_give(line);
}

static void to_stderr(const struct log *log, const struct record *record) {
    if (log->setup.json)
        write_json(log, record);
    else
        write_text(log, record);
}

/* Does the daemon read? After one wait in vain we do not wait again until it does. (A timeout on
 * the socket is not enough: libsystemd's has none before the first event, and if sending fails
 * syslog(3) opens another.) */
static bool is_read(void) {
    struct pollfd ready = {.fd = way.reader, .events = POLLOUT};
    bool is_stuck = way.reader >= 0 && await_poll(&ready, 1, way.patience) == 0;
    way.patience = is_stuck ? 0 : STUCK_TIME;
    return !is_stuck;
}

static void put(const struct log *log, const struct record *record) {
    switch (log->setup.target) {
    case LOG_TARGET_JOURNAL:
        if (!is_read() || to_journal(log, record) < 0)
            to_stderr(log, record);
        break;
    case LOG_TARGET_SYSLOG:
        if (is_read())
            syslog(record->priority, "%s", record->text);
        break;
    default:
        to_stderr(log, record);
    }
}

static void write_event(const struct log *log, enum event event, const struct log_facts *facts,
                        const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void write_event(const struct log *log, enum event event, const struct log_facts *facts,
                        const char *format, va_list arguments) {
    struct record record;
    char *raw = scratch_take(RECORD_LIMIT);
    (void)vsnprintf(raw, RECORD_LIMIT, format, arguments);
    scratch_keep(raw, strlen(raw) + 1);
    char *text = scratch_take(RECORD_LIMIT);
    (void)escape_line(text, RECORD_LIMIT, raw);
    scratch_keep(text, strlen(text) + 1);
    record.kind = &event_kinds[event];
    record.priority = syslog_priority[record.kind->level];
    record.text = text;
    record.count = 0;
    collect(&record, &log->context, facts);
    put(log, &record);
    scratch_give(raw);
}

size_t log_compose(const struct log *log, enum event event, const struct log_facts *facts,
                   const struct log_more *more, size_t count, const char *text,
                   char line[LOG_LINE]) {
    struct record record;
    struct timespec now;
    char *escaped = scratch_take(RECORD_LIMIT);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)escape_line(escaped, RECORD_LIMIT, text);
    record.kind = &event_kinds[event];
    record.text = escaped;
    record.count = 0;
    collect(&record, &log->context, facts);
    for (size_t i = 0; i < count && record.count < RECORD_FACTS; i++) {
        if (more[i].value && *more[i].value)
            record.facts[record.count++] =
                (struct fact){more[i].name, more[i].value, more[i].is_number};
    }
    size_t n = json_line(line, 0, &record, &now, getpid());
    scratch_give(escaped);
    return n;
}

/* Is it to be written? Counts it in any case. */
static bool is_wanted(const struct log *log, enum event event, const struct log_facts *facts) {
    if (log->setup.counts)
        metrics_count(event, facts);
    return event_kinds[event].level <= log->setup.level;
}

void log_event(const struct log *log, enum event event, const char *format, ...) {
    static const struct log_facts none;
    if (!is_wanted(log, event, &none))
        return;
    va_list arguments;
    va_start(arguments, format);
    write_event(log, event, &none, format, arguments);
    va_end(arguments);
}

void log_about(const struct log *log, enum event event, const struct log_facts *facts,
               const char *format, ...) {
    if (!is_wanted(log, event, facts))
        return;
    va_list arguments;
    va_start(arguments, format);
    write_event(log, event, facts, format, arguments);
    va_end(arguments);
}

void log_close(const struct log *log) {
    if (log->setup.target != LOG_TARGET_JOURNAL || way.outlet == OUTLET_UNKNOWN)
        return;
    long long deadline = clock_ms() + STUCK_TIME;
    outlet_mark(way.reader);
    for (int nap = 1; outlet_unread(way.reader) > 0 && clock_ms() < deadline; nap *= 2)
        (void)poll(NULL, 0, nap);
}
