#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

struct partial view_partial(const struct session *session, const char *path) {
    return (struct partial){.root = &session->top,
                            .owner = session->owner,
                            .path = path,
                            .hours = session->config->resume_hours};
}

int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct stat *ret_st) {
    struct partial partial = view_partial(session, path);
    if (published && !S_ISREG(published->st_mode))
        return 0;
    int result = partial_stat(&partial, ret_st);
    return result == 0 ? 1 : result == -ENOENT ? 0 : result;
}

void view_note(struct session *session, const char *path) {
    memcpy(session->shown, path, strlen(path) + 1);
}

bool view_was_shown(const struct session *session, const char *path) {
    size_t folder = (size_t)(strrchr(path, '/') - path);
    return strcmp(session->shown, path) == 0 ||
           (strlen(session->shown) == (folder ? folder : 1) &&
            memcmp(session->shown, path, folder ? folder : 1) == 0);
}

int view_stat(struct session *session, const char *path, struct stat *ret_st) {
    struct stat st, partial;
    const char *name;
    int parent = path_open_parent(&session->root, path, &name);
    if (parent < 0)
        return parent;
    int result = fstatat(parent, *name ? name : ".", &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    (void)close(parent);
    if (result < 0 && result != -ENOENT)
        return result;
    int is_partial = view_is_partial(session, path, result == 0 ? &st : NULL, &partial);
    if (is_partial < 0)
        return is_partial;
    if (is_partial)
        view_note(session, path);
    if (is_partial || result == 0)
        *ret_st = is_partial ? partial : st;
    return is_partial ? 0 : result;
}
