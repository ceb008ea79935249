/*
 * privileges: gives up root and all capabilities that a super-server left us.
 */
#ifndef STORD_PRIVILEGES_H
#define STORD_PRIVILEGES_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* The system user to become. */
struct privileges_target {
    bool wanted;               /* else the user stays the same */
    bool local;                /* it is in /etc/passwd */
    char name[LOGIN_NAME_MAX]; /* for its groups; "": only gid */
    uid_t uid;
    gid_t gid;
};

/* Looks the user up, first in /etc/passwd, because the name service opens dozens of files, if the
 * process is root's and the name is not "root": by name, or by a number that the machine need not
 * know, perhaps followed by that of a group, "12345:678". Otherwise the group is the user's, or has
 * the same number if the machine does not know the user. Returns 0, -ENOENT if there is no such
 * user, or another negative errno. */
int privileges_find(const char *name, struct privileges_target *ret_target);

/* Is it a name or number that privileges_find would take from root, or "root"? */
bool privileges_exists(const char *name);

/* Becomes that user, with its groups (one of /etc/passwd has those of /etc/group), and gives up all
 * capabilities. If the process stays root, it keeps root's. Returns 0 or a negative errno. */
int privileges_drop(const struct privileges_target *target);

#endif
