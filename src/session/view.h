/*
 * view: what a client sees under a name: the file or folder, or its own interrupted upload, which
 * looks like a shorter file and hides an older one until it is finished, replaced or deleted.
 * Without the right to see or change any file, it can see and change what it has uploaded itself in
 * this session, under the name that it gave, and its interrupted uploads. All clients can find out
 * that a folder exists, because they must find their way.
 */
#ifndef STORD_VIEW_H
#define STORD_VIEW_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/rights.h"
#include "session/own.h"
#include "session/share.h"
#include "session/shown.h"
#include "store/partial.h"

struct session;

/* What has been logged about the client's own files: that the oldest are forgotten, that its other
 * sessions do not know of some. */
enum view_said { VIEW_SAID_FORGOTTEN = 1, VIEW_SAID_UNSHARED = 2 };

struct view {
    unsigned missing;   /* the right that was missing, after -PATH_NOT_OWN */
    struct own own;     /* what the client has uploaded and made; see view_note_own */
    unsigned said;      /* what has been logged: bits of enum view_said */
    struct shown shown; /* what the client was last shown */
    struct share share; /* other sessions of the client, which have uploaded some of it */
};

/* Nothing has been uploaded or shown. */
void view_init(struct view *view);

/* The same for a session that has begun. */
void view_reset(struct session *session);

/* What a client may do with its own uploads, whatever its rights. */
enum { VIEW_OWN_RIGHTS = RIGHT_RENAME | RIGHT_DELETE };

/* Where the partial of an upload to that virtual path would be. path must outlive the result. */
struct partial view_partial(const struct session *session, const char *path);

/* The version that the client sees under that path; VERSION_HIDDEN if it may not see it. Returns 0
 * or a negative errno. */
int view_version(const struct session *session, const char *path, uint64_t *ret_version);

/* Does the client see an interrupted upload under that path? *ret_found: which. published: the file
 * there, or NULL if there is none or that does not matter. Returns 1, 0, or a negative errno. */
int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct partial_found *ret_found);

/* May the client do with that path what `right` (any one of these rights) allows? *ret_real: where
 * it is. Returns 1 if it is the client's own upload or folder of this session, 0 if it has the
 * right (there may be anything, or nothing), or -PATH_NOT_OWN. */
int view_permit(struct session *session, const char *path, unsigned right,
                char ret_real[PATH_SIZE]);

/* Reads what other sessions of the client have uploaded. */
void view_read_others(struct session *session);

/* Did the client upload, in this session, what has that path? *ret_real: where it is. */
bool view_is_own(struct session *session, const char *path, char ret_real[PATH_SIZE]);

/* The same without view_read_others. */
bool view_is_known_own(const struct session *session, const char *path, char ret_real[PATH_SIZE]);

/* The client's own file or folder at `real` as it is shown, and its version. Of a folder nothing
 * reveals what others may have put into it. Returns 0 or a negative errno. */
int view_own_stat(const struct session *session, const char *path, const char *real,
                  struct stat *ret_st, uint64_t *ret_version);

/* Remembers, if that can ever matter, that the client made what has that path. real: where it is,
 * or NULL if at that path. */
void view_note_own(struct session *session, const char *path, const char *real,
                   const struct path_id *id);

/* The client's own file is gone, or has another name; see own_forget and own_move. */
void view_forget_own(struct session *session, const char *path);
void view_move_own(struct session *session, const char *from, const char *to, const char *real);

/* From now on nothing is the client's own. */
void view_forget_all_own(struct session *session);

/* What is published under that path (links are not followed), and its version, as view_version. Of
 * a folder that is only known to exist, inode and times are 0. Returns 0 or a negative errno. */
int view_published(struct session *session, const char *path, unsigned right, struct stat *ret_st,
                   uint64_t *ret_version);

/* The same, or the interrupted upload that hides it. Notes it as shown: the client may resume
 * it. */
int view_show(struct session *session, const char *path, unsigned right, struct stat *ret_st);

/* What is at `real`, and its version; a file is shown without bytes that are just being added to
 * it. Returns 0 or a negative errno. */
int view_file_stat(const struct session *session, const char *real, struct stat *ret_st,
                   uint64_t *ret_version);

#endif
