#include "client/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/say.h"
#include "net/conn.h"

/* Takes the name from the path. In a command byte 255 is telnet's IAC and doubled (RFC 959,
 * 5.3). */
static bool set_name(struct source *source, const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = 0;
    for (const char *at = slash ? slash + 1 : path; *at && length < sizeof(source->name) - 2;
         at++) {
        if (*at == '\r' || *at == '\n') {
            say_error("%s: a name with a line break cannot be sent", path);
            return false;
        }
        if (*at == '\xff')
            source->name[length++] = *at;
        source->name[length++] = *at;
    }
    source->name[length] = '\0';
    return true;
}

bool source_open(struct source *source, const char *path) {
    struct stat st = {0};
    char byte;
    memset(source, 0, offsetof(struct source, buffer));
    source->path = path;
    if (!set_name(source, path))
        return false;
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = source->fd < 0 || fstat(source->fd, &st) < 0 ? errno : 0;
    if (error == 0 && S_ISDIR(st.st_mode))
        error = EISDIR;
    if (error != 0) {
        say_error("%s: %s", path, strerror(error));
        source_close(source);
        return false;
    }
    bool has_size = S_ISREG(st.st_mode) && (st.st_size > 0 || pread(source->fd, &byte, 1, 0) == 0);
    source->left = has_size ? st.st_size : -1;
    source->copy = !has_size;
    return true;
}

ssize_t source_fill(struct source *source, size_t most) {
    if (source->start < source->end)
        return (ssize_t)(source->end - source->start);
    size_t room = sizeof(source->buffer);
    ssize_t n = read(source->fd, source->buffer, most < room ? most : room);
    if (n < 0 && conn_is_passing(errno))
        return -EAGAIN;
    if (n < 0) {
        say_error("%s: cannot read: %s", source->path, strerror(errno));
        source->broken = true;
        return 0;
    }
    source->start = 0;
    source->end = (size_t)n;
    return n;
}

bool source_is_whole(const struct source *source) {
    if (source->left > 0 && !source->broken)
        say_error("%s: became shorter while it was sent", source->path);
    return source->left < 0 && !source->broken;
}

void source_close(struct source *source) {
    if (source->fd >= 0)
        (void)close(source->fd);
}
