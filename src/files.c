#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reply.h"
#include "session.h"

/* Doubles the quotes of a path (RFC 959 appendix II). out has room for twice the path. */
static const char *quote(const char *path, char out[2 * PATH_SIZE]) {
    char *to = out;
    for (; *path; path++) {
        if (*path == '"')
            *to++ = '"';
        *to++ = *path;
    }
    *to = '\0';
    return out;
}

int verb_pwd(struct session *session, const char *argument) {
    (void)argument;
    char quoted[2 * PATH_SIZE];
    return reply_send(session, 257, "\"%s\" is the current directory", quote(session->cwd, quoted));
}

int verb_cwd(struct session *session, const char *argument) {
    static const char what[] = "Failed to change directory";
    char path[PATH_SIZE];
    int result = path_resolve(session->cwd, *argument ? argument : "/", path);
    if (result < 0)
        return reply_failure(session, what, result);
    int fd = path_open(&session->root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return reply_failure(session, what, fd);
    (void)close(fd);
    memcpy(session->cwd, path, sizeof(path));
    return reply_send(session, 250, "Directory changed to %s", path);
}

int verb_cdup(struct session *session, const char *argument) {
    (void)argument;
    if (strcmp(session->cwd, "/") == 0) /* as in every file system, "/" is above "/" */
        return reply_send(session, 250, "Directory changed to /");
    return verb_cwd(session, "..");
}

/* Makes the folder and syncs the one it is in, so that uploads into it can rely on it. */
static int make_folder(const struct session *session, const char *path) {
    const char *name;
    int parent = path_open_parent(&session->root, path, &name);
    if (parent < 0)
        return parent;
    int result = mkdirat(parent, *name ? name : ".", 0777) < 0 ? -errno : 0;
    if (result == 0 && fsync(parent) < 0 && errno != EBADF && errno != EINVAL)
        result = -errno;
    (void)close(parent);
    return result;
}

int verb_mkd(struct session *session, const char *argument) {
    char path[PATH_SIZE], quoted[2 * PATH_SIZE];
    int result = path_resolve(session->cwd, argument, path);
    if (result == 0)
        result = make_folder(session, path);
    if (result == -EEXIST)
        return reply_send(session, 550, "\"%s\" exists already", quote(path, quoted));
    if (result < 0)
        return reply_failure(session, "Failed to make directory", result);
    log_event(session->log, LOG_LEVEL_INFO, "Directory made: %s", path);
    return reply_send(session, 257, "\"%s\" directory created", quote(path, quoted));
}
