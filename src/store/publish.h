/*
 * publish: gives an upload its final name, in one step, which can be taken back unless the file
 * system can neither exchange two names nor link. A part of store.
 */
#ifndef STORD_PUBLISH_H
#define STORD_PUBLISH_H

#include <limits.h>
#include <stdbool.h>

struct path_id;
struct store;

enum { PUBLISH_MORE = 9 /* bytes by which another name is longer than the wished one, at most */ };

/* How the final name was given, and so how it can be taken back. */
enum published {
    NOT_PUBLISHED,
    ADDED,        /* nothing had it */
    SWAPPED,      /* exchanged: the old file is called temp now */
    BACKED_UP,    /* renamed over the old file, of which temp is a second name */
    RENAMED_OVER, /* the old file is gone */
};

/* Gives the file a reserved name, store->temp in the folder store->work, if it has none. Returns 0
 * or a negative errno. */
int publish_link_temp(struct store *store);

/* Chooses another name than the wished one: with a random number before its suffix. Returns 0 or a
 * negative errno. */
int publish_other_name(const char *wish, char ret_name[NAME_MAX + 1]);

/* Gives the file, which has a reserved name, its final one, or another one if the conflict policy
 * is to rename. Returns 0, or a negative errno with everything as it was before. */
int publish_file(struct store *store, enum published *ret_published);

/* Does our file have that name? */
bool publish_is_ours(const struct store *store, int folder, const char *name);

/* Which file has got the name, if it is shown as another than ours: *ret_id. Else that stays. */
void publish_identify(const struct store *store, struct path_id *ret_id);

/* Takes the name back, unless our file has been replaced since. After RENAMED_OVER the new file
 * stays. */
void publish_undo(struct store *store, enum published how);

#endif
