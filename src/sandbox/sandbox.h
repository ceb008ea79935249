/*
 * sandbox: confines the process before the first byte of the network is read. Phases, in order:
 * sandbox_enter before the greeting; sandbox_narrow after the login. The credential helper has its
 * own, sandbox_enter_helper. What the kernel cannot do is logged once for a session.
 */
#ifndef STORD_SANDBOX_H
#define STORD_SANDBOX_H

#include <sys/types.h>

#include "base/path.h"
#include "net/dial.h"

struct config;
struct log;

/* What a session must be able to do. */
struct sandbox {
    const struct config *config;
    const struct log *log;
    const struct path_root *root;  /* the root folder */
    const struct notices *notices; /* where events for other programs go, or NULL */
    unsigned rights;               /* what the session's user may do at most: bits of enum right */
    const struct dial *dial;       /* where it may connect to; without address: no sockets */
    pid_t helper;                  /* the credential helper, which it may kill; -1: there is none */
};

/* How far that succeeded. */
struct sandbox_state {
    bool files;           /* Landlock confines the process */
    bool said;            /* something is missing, and has been logged */
    unsigned descriptors; /* that it may have; 0: not known */
};

/* The home of a user who has logged in. */
struct sandbox_home {
    const struct path_root *top;   /* the root folder */
    const struct path_root *home;  /* what the user sees of it */
    const struct notices *notices; /* as in struct sandbox */
    unsigned rights;               /* bits of enum right */
    bool is_counted;               /* there is a quota */
    struct sandbox_state state;    /* of sandbox_enter */
};

/* Gives up what no session needs: core dumps, access to our memory by other processes of the user,
 * unlimited memory, new privileges, all files except those beneath the root, all system calls
 * except those of src/sandbox/calls.c. Returns 0, or a negative errno if something is missing that
 * the settings require. */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *ret_state);

/* After a login: keeps only the home (and the reserved folder), with the rights of the user.
 * Returns as sandbox_enter. */
int sandbox_narrow(const struct config *config, const struct log *log,
                   const struct sandbox_home *home);

/* For the credential helper, once it has read the users file, and for what answers a request for
 * metrics: no files, and no new connections.
 * Returns as sandbox_enter. */
int sandbox_enter_helper(const struct config *config, const struct log *log);

/* What is missing in this kernel, as text, or NULL if it can confine a session with these rights
 * (bits of enum right). */
const char *sandbox_lacks(unsigned rights);

#endif
