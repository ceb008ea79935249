/*
 * view: what a client sees under a name: the file or folder, or its own interrupted upload, which
 * looks like a shorter file and hides an older one until it is finished, replaced or deleted.
 */
#ifndef STORD_VIEW_H
#define STORD_VIEW_H

#include <stdbool.h>
#include <sys/stat.h>

#include "unfinished.h"

struct session;

/* Where the partial of an upload to that virtual path is. path must outlive it. */
struct partial view_partial(const struct session *session, const char *path);

/* Is what the client sees under that path an interrupted upload? *ret_st is what it looks like
 * then. published: what is there, or NULL where nothing is or that does not matter. Returns 1, 0,
 * or a negative errno. */
int view_is_partial(const struct session *session, const char *path, const struct stat *published,
                    struct stat *ret_st);

/* What the client sees, a link itself where it is one. Returns 0 or a negative errno. */
int view_stat(struct session *session, const char *path, struct stat *ret_st);

/* Notes that the client is shown an interrupted upload, or a listing of the folder `path` with
 * some. */
void view_note(struct session *session, const char *path);

/* Has the client last been shown that one, or a listing of its folder? */
bool view_was_shown(const struct session *session, const char *path);

#endif
