/*
 * privileges: gives up root, and every privilege that a super-server left us.
 */
#ifndef STORD_PRIVILEGES_H
#define STORD_PRIVILEGES_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* Whom to become. */
struct privileges_target {
    bool wanted;               /* else the process stays who it is */
    char name[LOGIN_NAME_MAX]; /* as the machine has it, for the groups; "": none but gid */
    uid_t uid;
    gid_t gid;
};

/* Looks the user up where the process is root's and the name is not "root": a name, or a number
 * that the machine need not know, with that of a group behind it or without, "12345:678". Without,
 * the group is the user's, or has the same number where the machine does not know the user. Returns
 * 0, or -ENOENT when there is no such user. */
int privileges_find(const char *name, struct privileges_target *ret_target);

/* Becomes that user, with its groups, and has no capabilities from then on. root keeps those of
 * root. Returns 0 or a negative errno. */
int privileges_drop(const struct privileges_target *target);

#endif
