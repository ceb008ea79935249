#include "client/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/conn.h"

static struct job_identity identify(const struct stat *st) {
    return (struct job_identity){
        .device = st->st_dev, .inode = st->st_ino, .size = st->st_size, .changed = st->st_mtim};
}

bool source_is_it(const struct job_identity *a, const struct job_identity *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Copies what comes to a file without a name. Returns its descriptor, or a negative errno. */
static int spool_all(struct source *source) {
    const char *folder = getenv("TMPDIR");
    int to = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    ssize_t n = 0;
    if (to < 0)
        return -errno;
    do {
        n = read(source->fd, source->buffer, sizeof(source->buffer));
        for (ssize_t at = 0, put; at < n; at += put)
            if ((put = write(to, source->buffer + at, (size_t)(n - at))) <= 0)
                n = put = -1;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n == 0 && lseek(to, 0, SEEK_SET) == 0)
        return to;
    int error = errno;
    (void)close(to);
    return -error;
}

/* Gives a source without a size one. Returns 0 or a negative errno. */
static int replace_by_spool(struct source *source, struct stat *ret_st) {
    int spooled = spool_all(source);
    if (spooled < 0)
        return spooled;
    (void)close(source->fd);
    source->fd = spooled;
    return fstat(spooled, ret_st) < 0 ? -errno : 0;
}

static bool is_input(const struct source *source) {
    return strcmp(source->path, "-") == 0;
}

/* Finds out what it is. Returns 0 or a negative errno. */
static int look(struct source *source, bool spool) {
    struct stat st;
    char byte;
    if (source->fd < 0 || fstat(source->fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    bool has_size = S_ISREG(st.st_mode) && (st.st_size > 0 || pread(source->fd, &byte, 1, 0) == 0);
    source->is_plain = has_size;
    source->was = identify(&st);
    if (!has_size && spool) {
        int result = replace_by_spool(source, &st);
        if (result < 0)
            return result;
        has_size = true;
    }
    /* standard input may have begun */
    off_t at = has_size && is_input(source) ? lseek(source->fd, 0, SEEK_CUR) : 0;
    source->size = source->left = has_size ? st.st_size - (at > 0 ? at : 0) : -1;
    source->copy = !has_size;
    return source->size < -1 ? -EINVAL : 0;
}

bool source_open(struct source *source, struct job *job, bool spool, struct failure *failure) {
    memset(source, 0, offsetof(struct source, buffer));
    source->path = job->source;
    if (is_input(source))
        source->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        source->fd = open(job->source, O_RDONLY | O_CLOEXEC | (job->is_found ? O_NOFOLLOW : 0));
    int result = look(source, spool);
    if (!source_is_it(&job->was, &source->was)) {
        job->sent = 0; /* what the server has of it is of another one */
        job->before = JOB_NOT_ASKED;
    }
    job->bytes = source->size;
    job->was = source->was;
    job->is_plain = source->is_plain && !is_input(source);
    if (result == 0)
        return true;
    failure_ours(failure, EX_NOINPUT, "%s", strerror(-result));
    source_close(source);
    return false;
}

bool source_seek(struct source *source, off_t offset, struct failure *failure) {
    if (offset == 0)
        return true;
    if (source->size < offset || lseek(source->fd, offset, SEEK_CUR) < 0) {
        failure_ours(failure, EX_NOINPUT, "cannot be read from byte %jd on", (intmax_t)offset);
        return false;
    }
    source->left = source->size - offset;
    return true;
}

ssize_t source_fill(struct source *source, size_t most) {
    if (source->start < source->end)
        return (ssize_t)(source->end - source->start);
    size_t room = sizeof(source->buffer);
    ssize_t n = read(source->fd, source->buffer, most < room ? most : room);
    if (n < 0)
        return conn_is_passing(errno) ? -EAGAIN : -errno;
    source->began |= n > 0;
    source->start = 0;
    source->end = (size_t)n;
    return n;
}

bool source_is_same(const struct source *source, struct failure *failure) {
    struct stat st;
    if (!source->is_plain)
        return true;
    if (fstat(source->fd, &st) < 0) {
        failure_ours(failure, EX_NOINPUT, "%s", strerror(errno));
        return false;
    }
    struct job_identity is = identify(&st);
    if (source_is_it(&is, &source->was))
        return true;
    failure_ours(failure, EX_NOINPUT, "%s while it was sent",
                 st.st_size > source->was.size   ? "grew"
                 : st.st_size < source->was.size ? "became shorter"
                                                 : "was changed");
    return false;
}

int source_reopen(const struct job *job) {
    struct stat st;
    int fd = job->is_plain ? open(job->source, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    struct job_identity is = identify(&st);
    if (source_is_it(&is, &job->was))
        return fd;
    (void)close(fd);
    return -1;
}

void source_close(struct source *source) {
    if (source->fd >= 0)
        (void)close(source->fd);
    source->fd = -1;
}
