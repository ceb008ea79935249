/*
 * account: what a session may do, and where: from the options, and from the line of its user.
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
    const char *home;       /* what it sees as its root: a virtual path of the root */
    bool has_rights;        /* else those of --allow */
    unsigned rights;        /* bits of enum right */
    bool has_conflict;      /* else what --on-conflict says */
    enum conflict conflict; /* what to do where the name is taken */
    bool has_max_file_size; /* else what --max-file-size says */
    uint64_t max_file_size; /* bytes an upload may have, or VALUE_UNLIMITED */
    bool has_file_mode;     /* else what --file-mode says */
    mode_t file_mode;       /* of uploads, or VALUE_NO_MODE */
    bool lenient;           /* uploads are taken for whole that end without a proper end: see
                               who_is_pardoned_cut */
    uint64_t quota;         /* bytes that all files of the home may have together, or
                               VALUE_UNLIMITED */
};

/* Those who need no login: all of the root, as the settings say. */
struct account account_local(void);

/* Those who log in as anonymous. They upload and make folders, never replace, and do no more than
 * that unless the settings say so. */
struct account account_anonymous(const struct config *config);

/* What a session may do at most, whoever logs in: bits of enum right. */
unsigned account_most_rights(const struct config *config);

/* What the account leaves open is as the settings say. */
void account_complete(struct account *account, const struct config *config);

/* What happens where a name is taken, by an account that is complete: without the right to replace
 * files, the policy that would do so refuses. */
enum conflict account_policy(const struct account *account);

/* May an upload or a renamed file take the place of another one? */
bool account_replaces(const struct account *account);

#endif
