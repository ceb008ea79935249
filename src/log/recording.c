#include "log/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "log/append.h"
#include "log/log.h"

enum {
    FILE_MODE = 0600,
    PEER_SIZE = 321 /* of the client as text, every byte escaped */
};

static const double QUIET = 0.01; /* s that may pass before the next step is timed */

void recording_close(struct recording *recording) {
    if (recording->fd >= 0)
        (void)close(recording->fd);
    recording->fd = -1;
}

static void write_lines(struct recording *recording, const struct log *log, const char *lines,
                        size_t n) {
    static const char cut[] = "# Cut off here: too long\n";
    bool full = recording->size + n + sizeof(cut) > RECORDING_LIMIT;
    int result = append_lines(recording->fd, full ? cut : lines, full ? sizeof(cut) - 1 : n);
    recording->size += n;
    if (result < 0)
        log_event(log, EVENT_RECORD_BROKEN, "The transcript is not whole: %s", strerror(-result));
    if (result < 0 || full)
        recording_close(recording);
}

void recording_add(struct recording *recording, const struct log *log, const char *format,
                   va_list arguments) {
    static char lines[RECORDING_STEP]; /* static only for its size */
    size_t n = 0;
    if (recording->fd < 0)
        return;
    double now = clock_seconds();
    if (now - recording->told >= QUIET) {
        n = (size_t)snprintf(lines, sizeof(lines), "# +%.3f s\n", now - recording->begun);
        recording->told = now;
    }
    n += (size_t)vsnprintf(lines + n, sizeof(lines) - n, format, arguments);
    lines[n++] = '\n';
    write_lines(recording, log, lines, n);
}

/* What comes before the first step. Returns its length. */
static size_t format_head(char *head, size_t size, const struct log *log, const struct tm *utc) {
    char date[sizeof("2000-01-01 00:00:00")], peer[PEER_SIZE];
    (void)strftime(date, sizeof(date), "%F %T", utc);
    (void)escape_line(peer, sizeof(peer), log->context.peer);
    return (size_t)snprintf(head, size,
                            "# Session %s of %s, %s UTC, process %d, stord " STORD_VERSION "\n",
                            log->context.session, peer, date, (int)getpid());
}

int recording_open(struct recording *ret_recording, const char *folder, const struct log *log) {
    char path[PATH_MAX], date[sizeof("20000101T000000")], head[2 * PEER_SIZE];
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(date, sizeof(date), "%Y%m%dT%H%M%S", &utc);
    int length = snprintf(path, sizeof(path), "%s/%s.%03ldZ-%s.txt", folder, date,
                          now.tv_nsec / 1000000, log->context.session);
    if (length >= (int)sizeof(path))
        return -ENAMETOOLONG;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return -errno;
    double begun = clock_seconds();
    size_t size = format_head(head, sizeof(head), log, &utc);
    *ret_recording = (struct recording){.fd = fd, .size = size, .begun = begun, .told = begun};
    int result = append_lines(fd, head, size);
    if (result < 0)
        recording_close(ret_recording);
    return result;
}
