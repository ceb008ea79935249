/*
 * sandbox: confines the process before the first byte of the network is read. Phases, in order:
 * sandbox_enter before the greeting; sandbox_narrow once it is known who has logged in. The
 * credential helper has one of its own. What the kernel lacks is logged once for a session.
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
    const struct path_root *root; /* the root folder */
    unsigned rights;              /* what the session's user may do at most: bits of enum right */
    const struct dial *dial;      /* whom it may connect to; without address: no sockets at all */
    pid_t helper;                 /* the credential helper, which it may end; -1: there is none */
};

/* What has come of it. */
struct sandbox_state {
    bool files; /* Landlock has the process */
    bool said;  /* something is lacking, and the log has it */
};

/* Where a user is at home, when that is known. */
struct sandbox_home {
    const struct path_root *top;  /* the root folder */
    const struct path_root *home; /* what the user sees of it */
    unsigned rights;              /* bits of enum right */
    bool is_counted;              /* there is a quota */
    struct sandbox_state state;   /* as sandbox_enter has left it */
};

/* Gives up what no session needs: core dumps, being looked at by other processes of the user,
 * memory without end, new privileges, every file but the root, every system call but those of
 * src/sandbox/calls.c. Returns 0, or a negative errno where something is lacking and the settings
 * require it. */
int sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *ret_state);

/* After a login: nothing but the home, with the rights of the user. Returns as sandbox_enter. */
int sandbox_narrow(const struct config *config, const struct log *log,
                   const struct sandbox_home *home);

/* The credential helper, once it has read what it judges by: no file at all, and no connection but
 * those it has. Returns as sandbox_enter. */
int sandbox_enter_helper(const struct config *config, const struct log *log);

/* What there is none of in this kernel, as text, or NULL when it can confine those who have such
 * rights (enum right). */
const char *sandbox_lacks(unsigned rights);

#endif
