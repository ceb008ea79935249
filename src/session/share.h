/*
 * share: what a client's sessions that run at once have in common: what they uploaded.
 *
 * Some clients (rclone) upload over one connection and look over another. Sessions of one user from
 * one host therefore share what is their own, as long as one of them runs: a file in the reserved
 * folder, to which each appends what changes, and which each reads. The last one empties it. So
 * that it does not grow without end, whoever finds it much longer than what it comes to writes it
 * anew.
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
    off_t read;          /* bytes of it that are known */
    uint64_t generation; /* and since when it was written anew: a random number that it begins with;
                          * 0: it is empty */
};

enum share_kind { SHARE_REMEMBER, SHARE_FORGET, SHARE_MOVE };

/* A change of what is the client's own, with the arguments of own_remember, own_forget and
 * own_move. id: also of what is forgotten or moved; where something else is called so meanwhile,
 * nothing changes. Inode 0: whatever is called so. */
struct share_change {
    enum share_kind kind;
    const char *path; /* or `from` */
    const char *to;   /* of a move; else NULL */
    const char *real; /* or NULL */
    struct path_id id;
};

/* Begins with nothing shared. */
void share_init(struct share *share);

/* Joins the sessions of that owner and host, both of which are one part of a name. Returns 0 or a
 * negative errno; then nothing is shared. */
int share_join(struct share *share, const struct path_root *root, const char *owner,
               const char *host);

/* Makes a change to `own`, and to that of the others. Returns 0 or a negative errno; then the
 * others may not learn of it. */
int share_change(struct share *share, struct own *own, const struct share_change *change);

/* Makes the changes that the others have made meanwhile; where the file was written anew, what is
 * in it is all that is known. Returns 0 or a negative errno, -EBADMSG when they cannot be read:
 * then nothing is shared any more. */
int share_read(struct share *share, struct own *own);

void share_leave(struct share *share);

#endif
