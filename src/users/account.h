/*
 * account: what a session may do, and where: from the options and the user's line of the users
 * file.
 */
#ifndef STORD_ACCOUNT_H
#define STORD_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/value.h"

struct config;

enum { ACCOUNT_HOME_LIMIT = 1023 /* longest home */ };

struct account {
    const char *home;       /* the folder it sees as its root, as a virtual path */
    bool has_rights;        /* else those of --allow */
    unsigned rights;        /* bits of enum right */
    bool has_conflict;      /* else that of --on-conflict */
    enum conflict conflict; /* what to do if a name is taken */
    bool has_max_file_size; /* else that of --max-file-size */
    uint64_t max_file_size; /* bytes an upload may have, or VALUE_UNLIMITED */
    bool has_file_mode;     /* else that of --file-mode */
    mode_t file_mode;       /* of uploads, or VALUE_NO_MODE */
    bool lenient;           /* uploads without a proper end are accepted: see who_is_pardoned_cut */
    bool ousts;             /* when it is full, the oldest files of the home go */
    bool no_gate;           /* the gate is not asked about its uploads */
    uint64_t quota;         /* bytes of all files in the home together, or VALUE_UNLIMITED */
};

/* The account of clients that need no login: all of the root, as the settings say. */
struct account account_local(void);

/* The account of anonymous: it may upload and make folders and keeps both files of a name, unless
 * --allow and --on-conflict are given. */
struct account account_anonymous(const struct config *config);

/* What a session may do at most, whoever logs in: bits of enum right. */
unsigned account_most_rights(const struct config *config);

/* Fills in from the settings what the account leaves open. */
void account_complete(struct account *account, const struct config *config);

/* What happens if a name is taken, for a complete account: "replace" refuses without the right to
 * replace. */
enum conflict account_policy(const struct account *account);

/* May an upload or a renamed file replace another? */
bool account_replaces(const struct account *account);

#endif
