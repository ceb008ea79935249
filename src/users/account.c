#include "users/account.h"

#include "base/config.h"

struct account account_local(void) {
    return (struct account){.home = "/", .quota = VALUE_UNLIMITED};
}

struct account account_anonymous(const struct config *config) {
    return (struct account){.home = "/",
                            .has_rights = !config_has(config, "allow"),
                            .rights = RIGHT_UPLOAD | RIGHT_MKDIR,
                            .has_conflict = !config_has(config, "on-conflict"),
                            .conflict = CONFLICT_RENAME,
                            .quota = VALUE_UNLIMITED};
}

void account_complete(struct account *account, const struct config *config) {
    if (!account->has_rights)
        account->rights = config->allow;
    if (!account->has_conflict)
        account->conflict = config->conflict;
    if (!account->has_max_file_size)
        account->max_file_size = config->max_file_size;
    if (!account->has_file_mode)
        account->file_mode = config->file_mode;
}

unsigned account_most_rights(const struct config *config) {
    struct account local = account_local(), anonymous = account_anonymous(config);
    if (config->users) /* whose lines only the helper reads */
        return RIGHTS_ALL;
    account_complete(&local, config);
    account_complete(&anonymous, config);
    return local.rights | (config->anonymous ? anonymous.rights : 0);
}

enum conflict account_policy(const struct account *account) {
    bool may = account->rights & RIGHT_REPLACE || account->conflict != CONFLICT_REPLACE;
    return may ? account->conflict : CONFLICT_REFUSE;
}

bool account_replaces(const struct account *account) {
    return account_policy(account) == CONFLICT_REPLACE;
}
