#include "view.h"

#include <errno.h>

#include "session.h"

struct partial view_partial(const struct session *session, const char *path) {
    return (struct partial){.root = &session->top,
                            .owner = session->owner,
                            .path = path,
                            .hours = session->config->resume_hours};
}

bool view_is_partial(const struct session *session, const char *path, const struct stat *published,
                     struct stat *ret_st) {
    struct partial partial = view_partial(session, path);
    return (!published || S_ISREG(published->st_mode)) && partial_stat(&partial, ret_st) == 0;
}

int view_stat(const struct session *session, const char *path, struct stat *ret_st) {
    struct stat st, partial;
    int result = path_stat(&session->root, path, &st);
    if (result < 0 && result != -ENOENT)
        return result;
    if (view_is_partial(session, path, result == 0 ? &st : NULL, &partial)) {
        st = partial;
        result = 0;
    }
    if (result == 0)
        *ret_st = st;
    return result;
}
