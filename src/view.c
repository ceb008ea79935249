#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

enum { SHOW_TRIES = 8 /* at a file that changes all the time */ };

struct partial view_partial(const struct session *session, const char *path) {
    return (struct partial){.root = &session->top,
                            .owner = session->owner,
                            .path = path,
                            .hours = session->config->resume_hours};
}

static int version_at(const struct session *session, const char *real, uint64_t *ret_version) {
    const char *name;
    int parent = path_open_parent(&session->root, real, &name);
    *ret_version = VERSION_NOTHING;
    if (parent < 0)
        return parent == -ENOENT || parent == -ENOTDIR ? 0 : parent;
    int result = version_of(parent, *name ? name : ".", ret_version);
    (void)close(parent);
    return result;
}

int view_version(const struct session *session, const char *path, uint64_t *ret_version) {
    char real[PATH_SIZE];
    if (session_sees(session))
        return version_at(session, path, ret_version);
    if (view_is_known_own(session, path, real))
        return version_at(session, real, ret_version);
    *ret_version = VERSION_HIDDEN;
    return 0;
}

/* Which version is there is asked only where there is an interrupted upload. A void one stays so
 * when what has the name goes. */
int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct partial_found *ret_found) {
    struct partial partial = view_partial(session, path);
    uint64_t now;
    if (published && !S_ISREG(published->st_mode))
        return 0;
    int result = partial_find(&partial, ret_found);
    if (result == 0)
        result = view_version(session, path, &now);
    if (result < 0)
        return result == -ENOENT ? 0 : result;
    if (!partial_is_void(ret_found, now))
        return 1;
    partial_drop(&partial, ret_found);
    return 0;
}

void view_read_others(struct session *session) {
    int result = share_read(&session->share, &session->own);
    if (result < 0)
        log_event(session->log, EVENT_OWN_UNKNOWN,
                  "The client's other connections are not known any more: %s", strerror(-result));
}

bool view_is_own(struct session *session, const char *path, char ret_real[PATH_SIZE]) {
    view_read_others(session);
    return view_is_known_own(session, path, ret_real);
}

bool view_is_known_own(const struct session *session, const char *path, char ret_real[PATH_SIZE]) {
    const struct own_entry *entry = own_find(&session->own, path);
    struct path_id id;
    if (!entry)
        return false;
    const char *real = entry->real ? entry->real : path;
    if (path_identify(&session->root, real, &id) < 0 || !path_is_same(&id, &entry->id))
        return false;
    memcpy(ret_real, real, strlen(real) + 1);
    return true;
}

int view_permit(struct session *session, const char *path, unsigned right,
                char ret_real[PATH_SIZE]) {
    if (view_is_own(session, path, ret_real))
        return 1;
    session->missing = right;
    memcpy(ret_real, path, strlen(path) + 1);
    return session->rights & right ? 0 : -PATH_NOT_OWN;
}

static void change_own(struct session *session, const struct share_change *change) {
    int result = share_change(&session->share, &session->own, change);
    if (result < 0)
        log_event(session->log, EVENT_OWN_UNKNOWN,
                  "What is the client's own is not known to all of its connections: %s: %s",
                  change->path, strerror(-result));
}

void view_note_own(struct session *session, const char *path, const char *real,
                   const struct path_id *id) {
    const unsigned all = RIGHT_LIST | RIGHT_READ | RIGHT_RENAME | RIGHT_DELETE | RIGHT_REPLACE;
    if ((session->rights & all) == all)
        return;
    const struct share_change change = {
        .kind = SHARE_REMEMBER, .path = path, .real = real, .id = *id};
    change_own(session, &change);
}

void view_forget_own(struct session *session, const char *path) {
    const struct own_entry *entry = own_find(&session->own, path);
    if (!entry)
        return;
    const struct share_change change = {.kind = SHARE_FORGET, .path = path, .id = entry->id};
    change_own(session, &change);
}

void view_move_own(struct session *session, const char *from, const char *to, const char *real) {
    const struct own_entry *entry = own_find(&session->own, from);
    const struct share_change change = {.kind = SHARE_MOVE,
                                        .path = from,
                                        .to = to,
                                        .real = real,
                                        .id = entry ? entry->id : (struct path_id){0}};
    if (session->own.count > 0)
        change_own(session, &change);
}

void view_forget_all_own(struct session *session) {
    share_leave(&session->share);
    own_forget_all(&session->own);
}

/* That it is a folder is all that is told of one that is somebody else's. */
static int stat_folder(const struct session *session, const char *path, struct stat *ret_st) {
    int fd = path_open(&session->root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return -PATH_NOT_OWN;
    (void)close(fd);
    *ret_st = (struct stat){.st_mode = S_IFDIR | 0777};
    return 0;
}

int view_file_stat(const struct session *session, const char *real, struct stat *ret_st) {
    const char *name;
    int parent = path_open_parent(&session->root, real, &name);
    if (parent < 0)
        return parent;
    int result = fstatat(parent, *name ? name : ".", ret_st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    if (result == 0 && S_ISREG(ret_st->st_mode))
        addition_settle(&session->top, session->boot, parent, name, ret_st);
    (void)close(parent);
    return result;
}

int view_own_stat(const struct session *session, const char *path, const char *real,
                  struct stat *ret_st) {
    const struct own_entry *entry = own_find(&session->own, path);
    int result = view_file_stat(session, real, ret_st);
    if (result == 0 && entry && S_ISDIR(ret_st->st_mode)) {
        ret_st->st_nlink = 2;
        ret_st->st_size = 0;
        ret_st->st_mtime = (time_t)(entry->id.born / 1000000000);
    }
    return result;
}

int view_published(struct session *session, const char *path, unsigned right, struct stat *ret_st) {
    char real[PATH_SIZE];
    int result = view_permit(session, path, right, real);
    if (result < 0)
        return stat_folder(session, path, ret_st);
    return result > 0 && !(session->rights & right) ? view_own_stat(session, path, real, ret_st)
                                                    : view_file_stat(session, real, ret_st);
}

/* *ret_partial: the id of the interrupted upload, if it is one, or 0. */
static int look(struct session *session, const char *path, unsigned right, struct stat *ret_st,
                uint64_t *ret_partial) {
    struct partial_found partial;
    struct stat st;
    *ret_partial = 0;
    int result = view_published(session, path, right, &st);
    if (result < 0 && result != -ENOENT && result != -PATH_NOT_OWN)
        return result;
    int is_partial = view_is_partial(session, path, result == 0 ? &st : NULL, &partial);
    if (is_partial < 0)
        return is_partial;
    if (is_partial)
        *ret_partial = partial.id;
    if (is_partial || result == 0)
        *ret_st = is_partial ? partial.st : st;
    return is_partial ? 0 : result;
}

/* What was there before and after the look is what was seen. */
int view_show(struct session *session, const char *path, unsigned right, struct stat *ret_st) {
    uint64_t before = VERSION_NOTHING, after = VERSION_NOTHING, partial = 0;
    int result = 0, known = 0;
    for (int i = 0; i < SHOW_TRIES; i++) {
        known = view_version(session, path, &before);
        result = look(session, path, right, ret_st, &partial);
        if (known == 0)
            known = view_version(session, path, &after);
        if (known < 0 || before == after)
            break;
    }
    bool changes = known == 0 && before != after;
    if (known < 0)
        shown_forget(&session->shown, path);
    else if (partial || !changes)
        shown_note(&session->shown, path, partial, partial ? VERSION_NOTHING : after);
    else
        shown_note(&session->shown, path, SHOWN_STALE, VERSION_NOTHING);
    return result;
}
