#include "session/view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "session/session.h"

void view_init(struct view *view) {
    *view = (struct view){0};
    share_init(&view->share);
}

void view_reset(struct session *session) {
    shown_forget_all(&session->view.shown);
    view_forget_all_own(session);
}

struct partial view_partial(const struct session *session, const char *path) {
    return (struct partial){.root = &session->who.top,
                            .owner = session->who.owner,
                            .path = path,
                            .hours = session->given->config->resume_hours};
}

static int version_at(const struct session *session, const char *real, uint64_t *ret_version) {
    const char *name;
    int parent = path_open_parent(&session->who.root, real, &name);
    *ret_version = VERSION_NOTHING;
    if (parent < 0)
        return parent == -ENOENT || parent == -ENOTDIR ? 0 : parent;
    int result = version_of(parent, *name ? name : ".", ret_version);
    (void)close(parent);
    return result;
}

int view_version(const struct session *session, const char *path, uint64_t *ret_version) {
    char real[PATH_SIZE];
    if (who_sees(&session->who))
        return version_at(session, path, ret_version);
    if (view_is_known_own(session, path, real))
        return version_at(session, real, ret_version);
    *ret_version = VERSION_HIDDEN;
    return 0;
}

static int find_interrupted(const struct session *session, const char *path,
                            const struct stat *published, struct partial_found *ret_found) {
    struct partial partial = view_partial(session, path);
    if (published && !S_ISREG(published->st_mode))
        return -ENOENT;
    return partial_find(&partial, ret_found);
}

/* Does the partial hide that version? A void one is removed: it stays void when what has the name
 * goes. */
static bool hides(const struct session *session, const char *path,
                  const struct partial_found *found, uint64_t version) {
    struct partial partial = view_partial(session, path);
    if (!partial_is_void(found, version))
        return true;
    partial_drop(&partial, found);
    return false;
}

/* Asks for the version only if there is an interrupted upload. */
int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct partial_found *ret_found) {
    uint64_t now = VERSION_NOTHING;
    int result = find_interrupted(session, path, published, ret_found);
    if (result == 0)
        result = view_version(session, path, &now);
    if (result < 0)
        return result == -ENOENT ? 0 : result;
    return hides(session, path, ret_found, now);
}

/* Once in a session. */
static void note_forgotten(struct session *session) {
    if (!session->view.own.forgot || session->view.said & VIEW_SAID_FORGOTTEN)
        return;
    session->view.said |= VIEW_SAID_FORGOTTEN;
    log_event(session->given->log, EVENT_OWN_UNKNOWN,
              "The client has uploaded so much that it can no longer manage the oldest: "
              "%d files and folders, or %d bytes of paths, are remembered",
              OWN_LIMIT, OWN_BYTES);
}

void view_read_others(struct session *session) {
    int result = share_read(&session->view.share, &session->view.own);
    note_forgotten(session);
    if (result < 0)
        log_event(session->given->log, EVENT_OWN_UNKNOWN,
                  "The uploads of the client's other connections are no longer known: %s",
                  strerror(-result));
}

bool view_is_own(struct session *session, const char *path, char ret_real[PATH_SIZE]) {
    view_read_others(session);
    return view_is_known_own(session, path, ret_real);
}

bool view_is_known_own(const struct session *session, const char *path, char ret_real[PATH_SIZE]) {
    const struct own_entry *entry = own_find(&session->view.own, path);
    struct path_id id;
    if (!entry)
        return false;
    const char *real = entry->real ? entry->real : path;
    if (path_identify(&session->who.root, real, &id) < 0 || !path_is_same(&id, &entry->id))
        return false;
    memcpy(ret_real, real, strlen(real) + 1);
    return true;
}

int view_permit(struct session *session, const char *path, unsigned right,
                char ret_real[PATH_SIZE]) {
    session->view.missing = right;
    if (view_is_own(session, path, ret_real))
        return 1;
    memcpy(ret_real, path, strlen(path) + 1);
    return session->who.rights & right ? 0 : -PATH_NOT_OWN;
}

static void change_own(struct session *session, const struct share_change *change) {
    int result = share_change(&session->view.share, &session->view.own, change);
    note_forgotten(session);
    if (result == 0 || session->view.said & VIEW_SAID_UNSHARED)
        return;
    session->view.said |= VIEW_SAID_UNSHARED;
    log_event(session->given->log, EVENT_OWN_UNKNOWN,
              "Not all connections of the client know what it has uploaded: %s: %s: later "
              "ones are not logged",
              change->path, strerror(-result));
}

void view_note_own(struct session *session, const char *path, const char *real,
                   const struct path_id *id) {
    const unsigned all = RIGHT_LIST | RIGHT_READ | RIGHT_RENAME | RIGHT_DELETE | RIGHT_REPLACE;
    if ((session->who.rights & all) == all && session->who.account.conflict != CONFLICT_RENAME)
        return; /* it may do that with any file, and RNTO treats all alike */
    const struct share_change change = {
        .kind = SHARE_REMEMBER, .path = path, .real = real, .id = *id};
    change_own(session, &change);
}

void view_forget_own(struct session *session, const char *path) {
    const struct own_entry *entry = own_find(&session->view.own, path);
    if (!entry)
        return;
    const struct share_change change = {.kind = SHARE_FORGET, .path = path, .id = entry->id};
    change_own(session, &change);
}

void view_move_own(struct session *session, const char *from, const char *to, const char *real) {
    const struct own_entry *entry = own_find(&session->view.own, from);
    const struct share_change change = {.kind = SHARE_MOVE,
                                        .path = from,
                                        .to = to,
                                        .real = real,
                                        .id = entry ? entry->id : (struct path_id){0}};
    if (session->view.own.count > 0)
        change_own(session, &change);
}

void view_forget_all_own(struct session *session) {
    share_leave(&session->view.share);
    own_forget_all(&session->view.own);
}

/* Of somebody else's folder, only that it is one. */
static int stat_folder(const struct session *session, const char *path, struct stat *ret_st) {
    int fd = path_open(&session->who.root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return -PATH_NOT_OWN;
    (void)close(fd);
    *ret_st = (struct stat){.st_mode = S_IFDIR | 0777};
    return 0;
}

int view_file_stat(const struct session *session, const char *real, struct stat *ret_st,
                   uint64_t *ret_version) {
    const char *name;
    int parent = path_open_parent(&session->who.root, real, &name);
    *ret_version = VERSION_NOTHING;
    if (parent < 0)
        return parent;
    int result = addition_look(&session->who.top, session->given->boot, parent, *name ? name : ".",
                               ret_st, ret_version);
    (void)close(parent);
    return result;
}

int view_own_stat(const struct session *session, const char *path, const char *real,
                  struct stat *ret_st, uint64_t *ret_version) {
    const struct own_entry *entry = own_find(&session->view.own, path);
    int result = view_file_stat(session, real, ret_st, ret_version);
    if (result == 0 && entry && S_ISDIR(ret_st->st_mode)) {
        ret_st->st_nlink = 2;
        ret_st->st_size = 0;
        ret_st->st_mtime = (time_t)(entry->id.born / 1000000000);
    }
    return result;
}

int view_published(struct session *session, const char *path, unsigned right, struct stat *ret_st,
                   uint64_t *ret_version) {
    char real[PATH_SIZE];
    int result = view_permit(session, path, right, real);
    if (result < 0) {
        (void)view_version(session, path, ret_version);
        return stat_folder(session, path, ret_st);
    }
    return result > 0 && !(session->who.rights & right)
               ? view_own_stat(session, path, real, ret_st, ret_version)
               : view_file_stat(session, real, ret_st, ret_version);
}

/* Notes the version that was looked at, even if it has changed since. */
int view_show(struct session *session, const char *path, unsigned right, struct stat *ret_st) {
    struct partial_found partial;
    uint64_t version;
    int result = view_published(session, path, right, ret_st, &version);
    bool known = result == 0 || result == -ENOENT || result == -PATH_NOT_OWN;
    int interrupted =
        known ? find_interrupted(session, path, result == 0 ? ret_st : NULL, &partial) : result;
    if (interrupted < 0 && interrupted != -ENOENT) {
        shown_forget(&session->view.shown, path);
        return interrupted;
    }
    if (interrupted == 0 && hides(session, path, &partial, version)) {
        shown_note(&session->view.shown, path, partial.id, VERSION_NOTHING);
        *ret_st = partial.st;
        return 0;
    }
    shown_note(&session->view.shown, path, 0, version);
    return result;
}
