#include "verbs/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/quota.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"
#include "session/view.h"
#include "store/folder.h"
#include "store/limits.h"
#include "store/reserved.h"
#include "store/turn.h"

/* Doubles the quotes of a path (RFC 959 appendix II). */
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
    return reply_send(session, 257, "\"%s\" is the current directory",
                      quote(session->place.cwd, quoted));
}

int verb_cwd(struct session *session, const char *argument) {
    static const char what[] = "Failed to change directory";
    char path[PATH_SIZE];
    int result = path_resolve(session->place.cwd, *argument ? argument : "/", path);
    if (result == -EXDEV && session->place.cwd[1] == '\0' &&
        (strcmp(argument, "..") == 0 || strcmp(argument, "../") == 0))
        result = path_resolve("/", "/", path); /* as in every file system, "/" is above "/" */
    if (result < 0)
        return reply_failure(session, 550, what, result);
    int fd = path_open(&session->who.root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return reply_failure(session, 550, what, fd);
    (void)close(fd);
    place_enter(&session->place, path);
    return reply_send(session, 250, "Directory changed to %s", path);
}

int verb_cdup(struct session *session, const char *argument) {
    (void)argument;
    return verb_cwd(session, "..");
}

static int sync_folder(const struct session *session, int folder) {
    return folder_sync(session->given->config, &session->who.root, folder);
}

/* Is there room on the disk for a folder of that path? */
static int check_room(const struct session *session, const char *path) {
    const char *name;
    int parent = path_open_parent(&session->who.root, path, &name);
    if (parent < 0)
        return parent;
    int result = limits_check_disk(parent, &session->given->config->min_free, 0);
    (void)close(parent);
    return result;
}

/* May there be one more folder? A home whose bytes are used up takes none either. That the name is
 * taken is found by folder_make. */
static int check_new_folder(const struct session *session, const char *path,
                            const struct usage_change *change) {
    const struct amount least = {.bytes = 1, .names = 1}, none = {0};
    struct stat st;
    if (path_stat(&session->who.root, path, &st) == 0)
        return 0;
    int result = check_room(session, path);
    return result < 0 ? result : usage_change_check(change, least, none);
}

/* Makes the folder, and counts it. */
static int make_folder(const struct session *session, const char *path, struct usage *usage) {
    struct usage_change change;
    quota_begin(&change, usage, session, path, NULL, NULL);
    int result = check_new_folder(session, path, &change);
    if (result == 0)
        result = folder_make(session->given->config, &session->who.root, path);
    usage_change_end(&change);
    return result;
}

/* Do old files make room for it? A camera that cannot make a folder sends no pictures, either. */
static bool makes_room(struct session *session, const char *path, struct usage *usage, int error) {
    const char *name;
    if (!limits_is_disk(error) && error != -USAGE_EXCEEDED) /* path may not even be one */
        return false;
    int parent = path_open_parent(&session->who.root, path, &name);
    if (parent < 0)
        return false;
    bool made = quota_make_room(session, usage, parent, error);
    (void)close(parent);
    return made;
}

int verb_mkd(struct session *session, const char *argument) {
    char path[PATH_SIZE], quoted[2 * PATH_SIZE];
    struct usage usage = quota_usage(session);
    int result = path_resolve(session->place.cwd, argument, path);
    if (result == 0)
        result = make_folder(session, path, &usage);
    if (result < 0 && makes_room(session, path, &usage, result))
        result = make_folder(session, path, &usage);
    if (result == -USAGE_EXCEEDED)
        return quota_refuse(session, &usage, "Failed to make directory", 0);
    if (result == -EEXIST)
        return reply_send(session, 550, "\"%s\" exists already", quote(path, quoted));
    if (result < 0)
        return reply_failure(session, 550, "Failed to make directory", result);
    struct path_id id;
    if (path_identify(&session->who.root, path, &id) == 0)
        view_note_own(session, path, NULL, &id);
    tell_file(session, EVENT_DIRECTORY_MADE, "Directory made", path);
    return reply_send(session, 257, "\"%s\" directory created", quote(path, quoted));
}

static int unlink_checked(int parent, const char *name, int flags) {
    if (unlinkat(parent, name, flags) == 0)
        return 0;
    return errno == EEXIST ? -ENOTEMPTY : -errno;
}

/* Removes an empty reserved folder from a folder that is otherwise empty. */
static bool drop_reserved(int parent, const char *name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    DIR *folder = path_read_folder(openat(parent, name, flags));
    if (!folder)
        return false;
    bool alone = true; /* else an upload to a folder that stays would lose it */
    const struct dirent *entry;
    while (alone && (entry = readdir(folder)))
        alone = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, RESERVED_FOLDER) == 0;
    bool dropped = alone && unlinkat(dirfd(folder), RESERVED_FOLDER, AT_REMOVEDIR) == 0;
    (void)closedir(folder);
    return dropped;
}

/* Are there interrupted uploads in that folder? */
static bool has_partials(const struct session *session, const char *path) {
    struct partial partial = view_partial(session, path);
    struct partial_found found;
    DIR *folder = partial_folder(&partial);
    const struct dirent *entry = NULL;
    while (folder && (entry = readdir(folder)) &&
           partial_find_in(&partial, folder, entry->d_name, &found)) {
    }
    if (folder)
        (void)closedir(folder);
    return entry != NULL;
}

/* Removes a folder (flags AT_REMOVEDIR) or anything else (0). */
static int remove_name(struct session *session, const char *path, const char *real, int flags) {
    const char *name;
    int parent = path_open_parent(&session->who.root, real, &name);
    if (parent < 0)
        return parent;
    int result = *name ? unlink_checked(parent, name, flags) : -PATH_FIXED; /* the root itself */
    if (result == -ENOTEMPTY && drop_reserved(parent, name))
        result = unlink_checked(parent, name, flags);
    if (result == 0) {
        view_forget_own(session, path);
        result = sync_folder(session, parent);
    }
    (void)close(parent);
    return result;
}

static int remove_folder(struct session *session, const char *path) {
    char real[PATH_SIZE];
    struct partial partial = view_partial(session, path);
    struct usage usage = quota_usage(session);
    struct usage_change change;
    int result = view_permit(session, path, RIGHT_DELETE, real);
    if (result >= 0 && has_partials(session, path))
        result = -ENOTEMPTY;
    if (result < 0)
        return result;
    quota_begin(&change, &usage, session, path, real, NULL);
    result = remove_name(session, path, real, AT_REMOVEDIR);
    usage_change_end(&change);
    if (result == 0)
        partial_drop_folder(&partial);
    return result;
}

/* Removes what the client sees under that name: of a file and an interrupted upload the upload.
 * Void uploads, which it does not see, go with the file. */
static int remove_seen(struct session *session, const char *path) {
    char real[PATH_SIZE];
    struct partial partial = view_partial(session, path);
    struct partial_found found;
    struct usage usage = quota_usage(session);
    struct usage_change change;
    int permitted = view_permit(session, path, RIGHT_DELETE, real);
    quota_begin(&change, &usage, session, path, real, NULL);
    int result = view_is_partial(session, path, NULL, &found);
    bool interrupted = result > 0;
    if (result == 0 && permitted < 0)
        result = permitted;
    if (result == 0)
        result = remove_name(session, path, real, 0);
    int removed = result >= 0 ? partial_remove(&partial) : 0;
    usage_change_end(&change);
    return interrupted ? removed : result;
}

/* The same in turn. Only the client's name takes a turn: another name that its own upload got was
 * found free. */
static int remove_file(struct session *session, const char *path) {
    struct turn turn;
    const char *name;
    int folder = path_open_parent(&session->who.root, path, &name);
    if (folder < 0)
        return remove_seen(session, path);
    int result = turn_take_one(&turn, &session->turns, folder, name);
    (void)close(folder);
    if (result == 0)
        result = remove_seen(session, path);
    turn_end(&turn);
    shown_forget(&session->view.shown, path);
    return result;
}

static int remove_and_reply(struct session *session, const char *argument, int flags,
                            const char *what) {
    char path[PATH_SIZE], failed[64], text[64];
    int result = path_resolve(session->place.cwd, argument, path);
    if (result == 0)
        result = flags ? remove_folder(session, path) : remove_file(session, path);
    (void)snprintf(failed, sizeof(failed), "%s not removed", what);
    if (result < 0)
        return reply_failure(session, 550, failed, result);
    retry_forget(&session->retry, path); /* the client starts over, on purpose */
    (void)snprintf(text, sizeof(text), "%s removed", what);
    tell_file(session, EVENT_REMOVED, text, path);
    return reply_send(session, 250, "%s", text);
}

int verb_rmd(struct session *session, const char *argument) {
    return remove_and_reply(session, argument, AT_REMOVEDIR, "Directory");
}

int verb_dele(struct session *session, const char *argument) {
    return remove_and_reply(session, argument, 0, "File");
}
