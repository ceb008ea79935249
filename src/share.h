/*
 * share: what a client's sessions that run at once have in common: what they uploaded.
 *
 * Some clients (rclone) upload over one connection and look over another. Sessions of one user from
 * one host therefore share what is their own, as long as one of them runs: a file in the reserved
 * folder, to which each appends what changes, and which each reads.
 *
 *   ROOT/.stord.unfinished/.stord.shared/OWNER/HOST
 */
#ifndef STORD_SHARE_H
#define STORD_SHARE_H

#include <sys/types.h>

#include "own.h"
#include "path.h"

/* Bytes that the name of a host has at the most, with its NUL. */
enum { SHARE_HOST_SIZE = 256 };

struct share {
    int folder; /* where it is; -1: nothing is shared */
    int fd;     /* the file */
    off_t read; /* bytes of it that are known */
    char host[SHARE_HOST_SIZE];
};

enum share_kind { SHARE_REMEMBER, SHARE_FORGET, SHARE_MOVE };

/* A change of what is the client's own, with the arguments of own_remember, own_forget and
 * own_move. */
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

/* Makes a change to `own`, and to that of the others. Returns 0 or a negative errno. */
int share_change(struct share *share, struct own *own, const struct share_change *change);

/* Makes the changes that the others have made meanwhile. */
void share_read(struct share *share, struct own *own);

void share_leave(struct share *share);

#endif
