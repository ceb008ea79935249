#include "log/xferlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "log/append.h"
#include "log/log.h"

enum {
    FILE_MODE = 0640,
    DATE_SIZE = 26,               /* of ctime(3) */
    USER_SIZE = 256,              /* longest name of a user */
    LINE_SIZE = 4 * PATH_MAX * 2, /* no path is as long */
    LINE_MORE = 512,              /* bytes of a line at most, without the path */
    TORN_LOOKS = 3,               /* further looks at a line that has no end, */
    TORN_PAUSE = 5                /* and ms before each */
};

int xferlog_open(struct xferlog *ret_xferlog, const char *file) {
    struct stat st;
    /* O_NONBLOCK: a FIFO would wait for its reader. Links are followed: only to what the system
     * user could write to anyway */
    int fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, FILE_MODE);
    if (fd < 0)
        return -errno;
    int result = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENXIO;
    tzset(); /* see name_time */
    if (result < 0)
        (void)close(fd);
    else
        *ret_xferlog = (struct xferlog){.fd = fd};
    return result;
}

/* The time in the form of ctime(3), without its line end. localtime_r(3) reads no file after
 * tzset(3). */
static void name_time(time_t time, char date[DATE_SIZE]) {
    struct tm local;
    date[0] = '\0';
    if (localtime_r(&time, &local))
        (void)strftime(date, DATE_SIZE, "%a %b %e %T %Y", &local);
}

/* A line with its end, as one string. Pure, except for the time zone. Returns its length, less than
 * size. */
static size_t format_line(char *line, size_t size, const struct xferlog_entry *entry) {
    char date[DATE_SIZE], user[USER_SIZE];
    unsigned long long seconds =
        entry->seconds < 1.5 ? 1 : (unsigned long long)(entry->seconds + 0.5);
    name_time(entry->time, date);
    (void)escape_word(user, sizeof(user), entry->user && *entry->user ? entry->user : "-");
    size_t n = (size_t)snprintf(line, size, "%s %llu %s %llu ", date, seconds, entry->host,
                                (unsigned long long)entry->bytes);
    n += escape_word(line + n, size - LINE_MORE, entry->file);
    n += (size_t)snprintf(line + n, size - n, " %c _ %c %c %s ftp 0 * %c\n",
                          entry->ascii ? 'a' : 'b', entry->incoming ? 'i' : 'o',
                          entry->anonymous ? 'a' : 'r', user, entry->complete ? 'c' : 'i');
    return n;
}

/* Does the file end in the middle of a line? *ret_size: how long it is. */
static bool ends_torn(int fd, off_t *ret_size) {
    struct stat st;
    char last;
    if (fstat(fd, &st) < 0)
        return false;
    *ret_size = st.st_size;
    return st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

/* Did some line's end find no room? A line that is just being written does not count: a write
 * across the end of a page is seen in pieces. */
static bool is_torn(int fd) {
    off_t before = 0, now = 0;
    bool torn = ends_torn(fd, &before);
    for (int i = 0; i < TORN_LOOKS && torn; i++) {
        (void)poll(NULL, 0, TORN_PAUSE);
        torn = ends_torn(fd, &now) && now == before;
    }
    return torn;
}

void xferlog_add(struct xferlog *xferlog, const struct log *log,
                 const struct xferlog_entry *entry) {
    char line[LINE_SIZE]; /* used only as far as it is filled */
    size_t n = is_torn(xferlog->fd);
    line[0] = '\n';
    n += format_line(line + n, sizeof(line) - n, entry);
    int result = append_lines(xferlog->fd, line, n);
    if (result < 0 && !xferlog->broken)
        log_event(log, EVENT_RECORD_BROKEN, "A transfer is missing in the xferlog: %s",
                  strerror(-result));
    xferlog->broken |= result < 0;
}
