#include "client/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/say.h"

/* Takes the name from the path. On the wire byte 255 is telnet's IAC and doubled (RFC 959, 5.3). */
static bool set_name(struct source *f, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t len = 0;
    f->path = path;
    for (const char *p = slash ? slash + 1 : path; *p && len < sizeof f->name - 2; p++) {
        if (*p == '\r' || *p == '\n') {
            complain("%s: a name with a line break cannot be sent", path);
            return false;
        }
        if (*p == '\xff')
            f->name[len++] = *p;
        f->name[len++] = *p;
    }
    f->name[len] = '\0';
    return true;
}

bool source_open(struct source *f, const char *path) {
    struct stat st = {0};
    char byte;

    memset(f, 0, offsetof(struct source, buf));
    if (!set_name(f, path))
        return false;
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = f->fd < 0 || fstat(f->fd, &st) < 0 ? errno : 0;
    if (error == 0 && S_ISDIR(st.st_mode))
        error = EISDIR;
    if (error != 0) {
        complain("%s: %s", path, strerror(error));
        source_close(f);
        return false;
    }
    bool sized = S_ISREG(st.st_mode) && (st.st_size > 0 || pread(f->fd, &byte, 1, 0) == 0);
    f->left = sized ? st.st_size : -1;
    f->copy = !sized;
    return true;
}

ssize_t source_fill(struct source *f, size_t max) {
    if (f->at < f->have)
        return (ssize_t)(f->have - f->at);
    ssize_t n = read(f->fd, f->buf, max < sizeof f->buf ? max : sizeof f->buf);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return -errno;
    if (n < 0) {
        complain("%s: cannot read: %s", f->path, strerror(errno));
        f->broken = true;
        return 0;
    }
    f->at = 0;
    f->have = (size_t)n;
    return n;
}

bool source_is_whole(const struct source *f) {
    if (f->left > 0 && !f->broken)
        complain("%s: became shorter while it was sent", f->path);
    return f->left < 0 && !f->broken;
}

void source_close(struct source *f) {
    if (f->fd >= 0)
        (void)close(f->fd);
}
