/*
 * view: what a client sees under a name: the file or folder, or its own interrupted upload, which
 * looks like a shorter file and hides an older one until it is finished, replaced or deleted.
 * Without the right to see or do something with any file, it can do that with what it uploaded
 * itself in this session, under the name that it gave, and with its interrupted uploads. That a
 * folder is there can be found out by all, for all have to find their way.
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

/* Of the client's own files: that the oldest are forgotten, and that its other sessions do not know
 * of some. */
enum view_said { VIEW_SAID_FORGOTTEN = 1, VIEW_SAID_UNSHARED = 2 };

struct view {
    unsigned missing;   /* the right that was missing, with -PATH_NOT_OWN */
    struct own own;     /* what the client has uploaded and made; see view_note_own */
    unsigned said;      /* what of it was told the log: bits of enum view_said */
    struct shown shown; /* what the client was last shown */
    struct share share; /* other sessions of the client, which have uploaded some of it */
};

/* Nothing was uploaded or shown so far. */
void view_init(struct view *view);

/* The same for a session that has begun. */
void view_reset(struct session *session);

/* What a client may do with its own uploads, whatever its rights. */
enum { VIEW_OWN_RIGHTS = RIGHT_RENAME | RIGHT_DELETE };

/* Where the partial of an upload to that virtual path is. path must outlive it. */
struct partial view_partial(const struct session *session, const char *path);

/* Which version does the client see under that path? VERSION_HIDDEN of what it may not see. Returns
 * 0 or a negative errno. */
int view_version(const struct session *session, const char *path, uint64_t *ret_version);

/* Is what the client sees under that path an interrupted upload? *ret_found is what it is then.
 * published: what is there, or NULL where nothing is or that does not matter. Returns 1, 0, or a
 * negative errno. */
int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct partial_found *ret_found);

/* Where is what the client calls by that path, and may it do with that what `right` (any one of
 * these rights) allows? Returns 1 when that is its own upload or folder of this session, 0 when it
 * has the right and what is there may be anything, or nothing; or -PATH_NOT_OWN. */
int view_permit(struct session *session, const char *path, unsigned right,
                char ret_real[PATH_SIZE]);

/* Looks at what other sessions of the client have uploaded meanwhile. */
void view_read_others(struct session *session);

/* Did the client upload, in this session, what it calls by that path? *ret_real: where it is. */
bool view_is_own(struct session *session, const char *path, char ret_real[PATH_SIZE]);

/* The same, without a look at what other sessions of the client have done meanwhile. */
bool view_is_known_own(const struct session *session, const char *path, char ret_real[PATH_SIZE]);

/* What a client's own file or folder looks like that is at `real`, and its version. Of a folder
 * nothing tells what others may have put into it. Returns 0 or a negative errno. */
int view_own_stat(const struct session *session, const char *path, const char *real,
                  struct stat *ret_st, uint64_t *ret_version);

/* Remembers that the client made what it calls by that path, if that ever matters. real: where it
 * is, or NULL when it is called so. */
void view_note_own(struct session *session, const char *path, const char *real,
                   const struct path_id *id);

/* The client's own file is gone, or called otherwise; see own_forget and own_move. */
void view_forget_own(struct session *session, const char *path);
void view_move_own(struct session *session, const char *from, const char *to, const char *real);

/* From now on nothing is the client's own. */
void view_forget_all_own(struct session *session);

/* What is published under that path, a link itself where it is one, and its version, as
 * view_version. Of a folder that is only known to be there the inode is 0, and there is no time.
 * Returns 0 or a negative errno. */
int view_published(struct session *session, const char *path, unsigned right, struct stat *ret_st,
                   uint64_t *ret_version);

/* The same, or the interrupted upload that hides it. The client is shown that: it may go on from
 * it. */
int view_show(struct session *session, const char *path, unsigned right, struct stat *ret_st);

/* What is at `real`, and its version; a file without bytes that somebody is about to add to it.
 * Returns 0 or a negative errno. */
int view_file_stat(const struct session *session, const char *real, struct stat *ret_st,
                   uint64_t *ret_version);

#endif
