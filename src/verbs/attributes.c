#include "verbs/attributes.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "session/facts.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"

enum {
    TIME_DIGITS = 14, /* YYYYMMDDHHMMSS */
    SHORT_TIME_DIGITS = 12,
    FIRST_YEAR = 1900 /* an earlier one is a mistake, or means that there is no time */
};

static const char wanted_time[] = "Wanted: YYYYMMDDHHMMSS file, from the year 1900 on";

/* Finds what the client sees under a name, and notes it as shown. Returns 0 or a negative errno. */
static int look_up(struct session *session, const char *name, char ret_path[PATH_SIZE],
                   struct stat *ret_st) {
    int result = path_resolve(session->place.cwd, name, ret_path);
    return result < 0 ? result : view_show(session, ret_path, RIGHT_LIST | RIGHT_READ, ret_st);
}

/* Finds the file whose attributes are to be set. A client that may replace but not see must not
 * learn here what exists. Returns 0 or a negative errno. */
static int look_up_to_set(struct session *session, const char *name, char ret_real[PATH_SIZE]) {
    char path[PATH_SIZE];
    unsigned right = who_sees(&session->who) ? RIGHT_REPLACE : RIGHT_LIST | RIGHT_READ;
    int result = path_resolve(session->place.cwd, name, path);
    if (result == 0)
        result = view_permit(session, path, right, ret_real);
    return result < 0 ? result : 0;
}

int verb_size(struct session *session, const char *argument) {
    char path[PATH_SIZE];
    struct stat st;
    int result = look_up(session, argument, path, &st);
    if (result < 0)
        return reply_failure(session, 550, "Failed to get size", result);
    if (!S_ISREG(st.st_mode))
        return reply_send(session, 550, "%s is not a plain file", path);
    if (session->parameters.ascii)
        shown_forget(&session->view.shown, path); /* its size is not shown */
    if (session->parameters.ascii) /* RFC 3659 section 4.1: as many bytes as would be sent */
        return reply_send(session, 550, "The size in TYPE A is not known; use TYPE I");
    return reply_send(session, 213, "%lld", (long long)st.st_size);
}

/* The length of a time of `count` digits, with a fraction if it has one; 0 if it is not a time. */
static size_t time_length(const char *text, size_t count) {
    static const char digits[] = "0123456789";
    if (strspn(text, digits) != count)
        return 0;
    size_t fraction = text[count] == '.' ? 1 + strspn(text + count + 1, digits) : 0;
    return fraction == 1 ? 0 : count + fraction;
}

/* Reads the first `count` digits as a time in UTC. A leap second counts as the second after :59, as
 * the system's clock has it. Returns false if they are not a time. */
static bool parse_time(const char *text, size_t count, time_t *ret) {
    char digits[TIME_DIGITS + 1] = "00000000000000";
    memcpy(digits, text, count);
    int part[6]; /* year, month, day, hour, minute, second */
    const char *at = digits;
    for (int i = 0; i < 6; i++) {
        int width = i == 0 ? 4 : 2;
        part[i] = 0;
        while (width-- > 0)
            part[i] = part[i] * 10 + (*at++ - '0');
    }
    bool leap = part[5] == 60;
    struct tm tm = {.tm_year = part[0] - 1900,
                    .tm_mon = part[1] - 1,
                    .tm_mday = part[2],
                    .tm_hour = part[3],
                    .tm_min = part[4],
                    .tm_sec = part[5] - leap};
    struct tm given = tm;
    *ret = timegm(&tm) + leap; /* turns February 30 and the like into real dates */
    return part[0] >= FIRST_YEAR && tm.tm_mon == given.tm_mon && tm.tm_mday == given.tm_mday &&
           tm.tm_hour == given.tm_hour && tm.tm_min == given.tm_min && tm.tm_sec == given.tm_sec;
}

/* Sets the time of last change of a plain file. *time becomes the file's new time: file systems
 * change times that they cannot store. Returns 0 or a negative errno. */
static int set_time(struct session *session, const char *name, time_t *time) {
    struct stat st, before;
    char path[PATH_SIZE];
    int result = look_up_to_set(session, name, path);
    if (result == 0)
        result = path_stat(&session->who.root, path, &st);
    if (result == 0 && !S_ISREG(st.st_mode))
        result = S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    if (result < 0)
        return result;
    const char *last;
    int parent = path_open_parent(&session->who.root, path, &last);
    if (parent < 0)
        return parent;
    before = st;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = *time}};
    bool done = utimensat(parent, last, times, AT_SYMLINK_NOFOLLOW) == 0 &&
                fstatat(parent, last, &st, AT_SYMLINK_NOFOLLOW) == 0;
    result = done ? 0 : -errno;
    if (done)
        digests_set_time(&session->digests, &before, &st);
    *time = st.st_mtime;
    (void)close(parent);
    return result;
}

/* Sets the time of a file and replies `code` with its new time. */
static int modify(struct session *session, const char *name, time_t time, int code) {
    char text[FACTS_TIME_SIZE];
    session_means(session, name);
    int result = set_time(session, name, &time);
    if (result < 0)
        return reply_failure(session, 550, "Failed to set time", result);
    facts_time(time, text);
    return reply_send(session, code, "Modify=%s; %s", text, name);
}

/* The same for "time name". */
static int modify_named(struct session *session, const char *argument, size_t digits, int code) {
    size_t length = time_length(argument, digits);
    time_t time;
    if (length == 0 || argument[length] != ' ' || !argument[length + 1] ||
        !parse_time(argument, digits, &time))
        return reply_send(session, 501, "%s", wanted_time);
    return modify(session, argument + length + 1, time, code);
}

int verb_mfmt(struct session *session, const char *argument) {
    return modify_named(session, argument, TIME_DIGITS, 213);
}

int verb_mdtm(struct session *session, const char *argument) {
    char path[PATH_SIZE], text[FACTS_TIME_SIZE];
    struct stat st;
    int result = look_up(session, argument, path, &st);
    /* A file may have a name like "time name"; it comes first */
    size_t length = time_length(argument, TIME_DIGITS);
    if (result < 0 && length > 0 && argument[length] == ' ')
        return modify_named(session, argument, TIME_DIGITS, 213);
    if (result < 0)
        return reply_failure(session, 550, "Failed to get time", result);
    if (!S_ISREG(st.st_mode))
        return reply_send(session, 550, "%s is not a plain file", path);
    facts_time(st.st_mtime, text);
    return reply_send(session, 213, "%s", text);
}

/* "file atime mtime ctime UTC", from old clients. Returns NULL if it is not that, else the
 * beginning of mtime, and leaves the name in `copy`. */
static const char *split_old_utime(char *copy) {
    char *word[4];
    for (int i = 0; i < 4; i++) {
        char *space = strrchr(copy, ' ');
        if (!space)
            return NULL;
        *space = '\0';
        word[i] = space + 1;
    }
    return strcasecmp(word[0], "UTC") == 0 ? word[2] : NULL;
}

int site_utime(struct session *session, const char *argument) {
    const char *word = argument + strspn(argument, " "); /* if that is a time */
    size_t digits = strspn(word, "0123456789");
    if ((digits == TIME_DIGITS || digits == SHORT_TIME_DIGITS) &&
        word[time_length(word, digits)] == ' ')
        return modify_named(session, word, digits, 200);
    char copy[LINE_LIMIT + 1];
    memcpy(copy, argument, strlen(argument) + 1);
    const char *mtime = split_old_utime(copy);
    time_t time;
    size_t length = mtime ? time_length(mtime, TIME_DIGITS) : 0;
    if (length == 0 || mtime[length] || !parse_time(mtime, TIME_DIGITS, &time))
        return reply_send(session, 501, "%s", wanted_time);
    return modify(session, copy, time, 200);
}

/* Reads up to four octal digits. Returns -1 if they are not. *ret_rest: what follows them. */
static int parse_mode(const char *text, const char **ret_rest) {
    size_t digits = strspn(text, "01234567");
    if (digits < 1 || digits > 4)
        return -1;
    *ret_rest = text + digits;
    return (int)strtoul(text, NULL, 8);
}

/* A file that may not be read is open with O_PATH: fchmod does not take that, /proc does. */
static int change_mode(int fd, mode_t mode) {
    char self[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
    if (fchmod(fd, mode) == 0)
        return 0;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return errno == EBADF && fchmodat(AT_FDCWD, self, mode, 0) == 0 ? 0 : -errno;
}

/* The mode that a folder gets. The owner's bits stay, because sessions must be able to work in it,
 * and so do set-ID and sticky bits. Fails if it may not be written to. Returns whether it is to be
 * changed, or a negative errno. */
static int fit_folder(int fd, const struct stat *st, mode_t *mode) {
    if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return -errno;
    bool has_rule = st->st_mode & S_ISGID && st->st_gid != getegid();
    *mode = has_rule ? st->st_mode & 07777 : (*mode & 0077) | (st->st_mode & 07700);
    return !has_rule; /* any change would clear the set-group-ID bit */
}

/* *mode becomes the mode to set. Returns as fit_folder. */
static int fit_mode(int fd, mode_t *mode) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return fit_folder(fd, &st, mode);
    return S_ISREG(st.st_mode) ? 1 : -ENXIO;
}

/* *mode becomes the mode that was set. The root is the operator's: -PATH_FIXED. Returns 0 or a
 * negative errno. */
static int set_mode(const struct path_root *root, const char *path, mode_t *mode) {
    if (strcmp(path, "/") == 0)
        return -PATH_FIXED;
    int fd = path_open(root, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd == -EACCES)
        fd = path_open(root, path, O_PATH, 0);
    if (fd < 0)
        return fd;
    int result = fit_mode(fd, mode);
    if (result > 0)
        result = change_mode(fd, *mode);
    (void)close(fd);
    return result;
}

int site_chmod(struct session *session, const char *argument) {
    char path[PATH_SIZE];
    const char *rest;
    int wanted = parse_mode(argument, &rest);
    if (wanted < 0 || *rest != ' ' || !rest[1])
        return reply_send(session, 501, "Wanted: SITE CHMOD mode name");
    mode_t mode = (mode_t)wanted & 0777;
    session_means(session, rest + 1);
    int result = look_up_to_set(session, rest + 1, path);
    if (result == 0)
        result = set_mode(&session->who.root, path, &mode);
    if (result < 0)
        return reply_failure(session, 550, "Failed to set mode", result);
    return reply_send(session, 200, "Mode of %s set to %03o", rest + 1, (unsigned)mode);
}

int site_umask(struct session *session, const char *argument) {
    const char *rest = "";
    int mask = *argument ? parse_mode(argument, &rest) : 0;
    if (mask < 0 || mask > 0777 || *rest)
        return reply_send(session, 501, "Wanted: SITE UMASK [octal number]");
    mode_t old = umask(0777);
    (void)umask(old | (mode_t)mask);
    return reply_send(session, 200, "UMASK is %03o", (unsigned)(old | (mode_t)mask));
}
