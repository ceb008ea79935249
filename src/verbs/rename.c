#include "verbs/rename.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "store/publish.h"
#include "store/turn.h"

enum { NAME_TRIES = 16 };

/* A renaming: `old` in one folder becomes `new` in another. */
struct move {
    struct session *session;
    const char *from, *to; /* the client's names for it */
    const char *real;      /* where it is now */
    int old_folder, new_folder;
    const char *old;
    char new[NAME_MAX + 1];
};

/* Finds what is to be renamed. Without the right, a folder of the client's own is not renamed:
 * others may have put something into it. Returns 0 or a negative errno. */
static int find_to_rename(struct session *session, const char *path, char ret_real[PATH_SIZE],
                          struct stat *ret_st) {
    int result = view_permit(session, path, RIGHT_RENAME, ret_real);
    if (result >= 0)
        result = path_stat(&session->who.root, ret_real, ret_st);
    bool folder = result == 0 && S_ISDIR(ret_st->st_mode);
    return folder && !(session->who.rights & RIGHT_RENAME) ? -PATH_NOT_OWN : result;
}

int verb_rnfr(struct session *session, const char *argument) {
    char path[PATH_SIZE], real[PATH_SIZE];
    struct partial_found partial;
    struct stat st;
    place_forget_rename(&session->place);
    int result = path_resolve(session->place.cwd, argument, path);
    if (result == 0)
        result = strcmp(path, "/") == 0 ? -PATH_FIXED : find_to_rename(session, path, real, &st);
    if (result == 0 || result == -ENOENT || result == -PATH_NOT_OWN) {
        int is_partial = view_is_partial(session, path, result == 0 ? &st : NULL, &partial);
        if (is_partial)
            result = is_partial < 0 ? is_partial : -PATH_UNFINISHED;
    }
    if (result < 0)
        return reply_failure(session, 550, "Failed to rename", result);
    place_rename(&session->place, path);
    return reply_send(session, 350, "Now send RNTO");
}

/* May what has the new name be replaced? */
static int check_renaming_over(const struct session *session, int folder, const char *name) {
    struct stat st;
    if (*name == '\0')
        return -EISDIR;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return account_replaces(&session->who.account) && S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

static int rename_to_name(const struct move *move, unsigned flags) {
    if (renameat2(move->old_folder, move->old, move->new_folder, move->new, flags) == 0)
        return 0;
    return errno == ENOTEMPTY ? -EISDIR : -errno;
}

/* Does the new name belong to the file itself, on a file system that ignores case? (Of a file with
 * two names, none is removed.) */
static bool is_one(const struct move *move) {
    struct stat old, new;
    return fstatat(move->old_folder, move->old, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(move->new_folder, move->new, &new, AT_SYMLINK_NOFOLLOW) == 0 &&
           old.st_ino == new.st_ino &&old.st_dev == new.st_dev &&old.st_nlink == 1 &&
           S_ISREG(old.st_mode);
}

/* File systems without RENAME_NOREPLACE get a plain rename once the name has been found free: other
 * sessions wait for their turn, but a program may take it in between. */
static int move_once(const struct move *move) {
    if (is_one(move))
        return rename_to_name(move, 0);
    int result = check_renaming_over(move->session, move->new_folder, move->new);
    if (result < 0)
        return result;
    bool replaces = account_replaces(&move->session->who.account);
    result = replaces ? -EINVAL : rename_to_name(move, RENAME_NOREPLACE);
    return result == -EINVAL || result == -ENOSYS ? rename_to_name(move, 0) : result;
}

/* Is the file to be kept under another name if the new one is taken? Clients that upload under a
 * temporary name and rename (KDE, lftp's use-temp-file) end an upload so: it is treated like STOR
 * to that name. A client that sees, and renames another file, is refused. */
static bool is_kept_beside(const struct move *move) {
    const struct session *session = move->session;
    char real[PATH_SIZE];
    struct stat st;
    return session->who.account.conflict == CONFLICT_RENAME &&
           (!who_sees(&session->who) || view_is_known_own(session, move->from, real)) &&
           fstatat(move->old_folder, move->old, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode);
}

static int move_name(struct move *move) {
    char wish[NAME_MAX + 1];
    int result = move_once(move);
    memcpy(wish, move->new, sizeof(wish));
    for (int i = 0; i < NAME_TRIES && result == -EEXIST && is_kept_beside(move); i++) {
        result = publish_other_name(wish, move->new);
        if (result == 0)
            result = move_once(move);
    }
    return result;
}

static int sync_both(const struct move *move) {
    const struct session *session = move->session;
    int result = folder_sync(session->given->config, &session->who.root, move->new_folder);
    return result < 0 ? result
                      : folder_sync(session->given->config, &session->who.root, move->old_folder);
}

/* The client's name for what is now at `real`: a client that may not see finds it under the name
 * that it gave. */
static const char *new_call(const struct move *move, const char *real) {
    return who_sees(&move->session->who) ? real : move->to;
}

/* The file has been renamed, whatever fails now. Puts its final name into ret_real. */
static void note_moved(const struct move *move, char ret_real[PATH_SIZE]) {
    char *name = strrchr(ret_real, '/') + 1;
    (void)snprintf(name, PATH_SIZE - (size_t)(name - ret_real), "%s", move->new);
    tell_renamed(move->session, move->real, ret_real);
    const char *called = new_call(move, ret_real);
    view_move_own(move->session, move->from, called,
                  strcmp(called, ret_real) == 0 ? NULL : ret_real);
}

/* The interrupted uploads of what was renamed: those of a folder move along; those of the old and
 * the new name are void now. */
static void move_partials(const struct move *move, const char *to, bool folder) {
    struct session *session = move->session;
    struct partial replaced = view_partial(session, to);
    struct partial moved = view_partial(session, move->from);
    (void)partial_remove(&replaced);
    if (folder)
        (void)partial_move_folder(&moved, to);
    else
        (void)partial_remove(&moved);
    turns_mark(&session->turns, turn_kind_of_name(move->new_folder, move->new));
    if (!who_sees(&session->who))
        turns_mark(&session->turns, turn_kind(replaced.owner, replaced.path));
    shown_forget(&session->view.shown, move->from);
    shown_forget(&session->view.shown, to);
}

static int rename_within(struct move *move, bool folder, char ret_real[PATH_SIZE]) {
    const struct path_root *root = &move->session->who.root;
    const char *new;
    move->old_folder = path_open_parent(root, move->real, &move->old);
    if (move->old_folder < 0)
        return move->old_folder;
    int result = move->new_folder = path_open_parent(root, move->to, &new);
    if (result >= 0)
        result = strlen(new) < sizeof(move->new) ? 0 : -ENAMETOOLONG;
    if (result == 0) {
        memcpy(move->new, new, strlen(new) + 1);
        result = move_name(move);
    }
    if (result == 0) {
        note_moved(move, ret_real);
        move_partials(move, new_call(move, ret_real), folder);
        result = sync_both(move);
    }
    (void)close(move->old_folder);
    if (move->new_folder >= 0)
        (void)close(move->new_folder);
    return result == -EINVAL ? -PATH_FIXED : result; /* a folder into itself */
}

/* Finds the folder of a name, for its turn. Returns a descriptor or a negative errno. */
static int find_name(const struct session *session, const char *path, struct turn_name *ret_name) {
    return ret_name->folder = path_open_parent(&session->who.root, path, &ret_name->name);
}

/* Takes the turn of both names. */
static int take_turn(const struct move *move, struct turn *turn) {
    struct session *session = move->session;
    struct turn_name names[TURN_NAMES];
    turn_init(turn);
    int result = find_name(session, move->real, &names[0]);
    if (result < 0)
        return result;
    result = find_name(session, move->to, &names[1]);
    if (result >= 0) {
        result = turn_take(turn, &session->turns, names, TURN_NAMES);
        (void)close(names[1].folder);
    }
    (void)close(names[0].folder);
    return result;
}

/* Renames, and counts the change of the usage. */
static int rename_counted(struct move *move, bool folder) {
    struct usage usage = quota_usage(move->session);
    struct usage_change change;
    struct stat st;
    uint64_t version;
    char real[PATH_SIZE];
    memcpy(real, move->to, strlen(move->to) + 1);
    (void)view_file_stat(move->session, move->real, &st,
                         &version); /* drops what a dead session left */
    quota_begin(&change, &usage, move->session, move->real, move->to, real);
    int result = rename_within(move, folder, real);
    usage_change_end(&change);
    return result;
}

/* The same in turn. */
static int rename_in_turn(struct move *move, bool folder) {
    struct turn turn;
    int result = take_turn(move, &turn);
    if (result == 0)
        result = rename_counted(move, folder);
    turn_end(&turn);
    return result;
}

/* The reply names the file if it got another name and the client may see it. */
static int reply_renamed(struct session *session, const struct move *move) {
    int folder = (int)(strrchr(move->to, '/') + 1 - move->to);
    if (!who_sees(&session->who) || strcmp(move->to + folder, move->new) == 0)
        return reply_send(session, 250, "Renamed");
    return reply_send(session, 250, "Renamed, FILE: %.*s%s", folder, move->to, move->new);
}

int verb_rnto(struct session *session, const char *argument) {
    char from[PATH_SIZE], to[PATH_SIZE], real[PATH_SIZE];
    struct move move = {.session = session, .from = from, .to = to, .real = real};
    struct stat st;
    if (!session->place.renames)
        return reply_send(session, 503, "RNFR comes before RNTO");
    memcpy(from, session->place.rename_from, sizeof(from));
    place_forget_rename(&session->place);
    int result = path_resolve(session->place.cwd, argument, to);
    if (result == 0)
        result = find_to_rename(session, from, real, &st);
    if (result == 0)
        result = rename_in_turn(&move, S_ISDIR(st.st_mode));
    if (result < 0)
        return reply_failure(session, REPLY_USUAL, "Failed to rename", result);
    return reply_renamed(session, &move);
}
