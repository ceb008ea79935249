/*
 * share: what the simultaneous sessions of a client share: what they have uploaded.
 *
 * Some clients (rclone) upload over one connection and look over another. Sessions of one user from
 * one host therefore share what is their own, as long as one of them runs: a file in the reserved
 * folder, to which each adds its changes, and which each reads. The last one empties it. A session
 * that finds it much longer than needed rewrites it.
 *
 *   ROOT/.stord.unfinished/.stord.shared/OWNER/HOST
 */
#ifndef STORD_SHARE_H
#define STORD_SHARE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/path.h"
#include "session/own.h"

struct share {
    int fd;              /* the file; -1: nothing is shared */
    off_t read;          /* bytes of it that have been read */
    uint64_t generation; /* the random number that it begins with, new after each rewrite; 0: it is
                          * empty */
};

enum share_kind { SHARE_REMEMBER, SHARE_FORGET, SHARE_MOVE };

/* A change of what is the client's own, with the arguments of own_remember, own_forget and
 * own_move. id: also of what is forgotten or moved; if something else has that path by now, nothing
 * changes. Inode 0: whatever has that path. */
struct share_change {
    enum share_kind kind;
    const char *path; /* or `from` */
    const char *to;   /* of a move; else NULL */
    const char *real; /* or NULL */
    struct path_id id;
};

/* Nothing is shared. */
void share_init(struct share *share);

/* Joins the sessions of that owner and host, each one part of a path. Returns 0 or a negative
 * errno; then nothing is shared. */
int share_join(struct share *share, const struct path_root *root, const char *owner,
               const char *host);

/* Makes a change to `own`, and tells the other sessions. Returns 0 or a negative errno; then they
 * may not learn of it. */
int share_change(struct share *share, struct own *own, const struct share_change *change);

/* Makes the changes that the other sessions have made; if the file has been rewritten, its content
 * replaces `own`. Returns 0 or a negative errno, -EBADMSG if it cannot be parsed; if reading fails,
 * nothing is shared any more. */
int share_read(struct share *share, struct own *own);

void share_leave(struct share *share);

#endif
