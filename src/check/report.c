#include "check/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/terminal.h"
#include "check/complaint.h"

static void print_rights(unsigned rights) {
    const char *before = " rights=";
    for (unsigned bit = 1; bit <= RIGHT_DELETE; bit <<= 1) {
        if (rights & bit) {
            (void)printf("%s%s", before, right_word(bit));
            before = ",";
        }
    }
    if (rights == RIGHT_NONE)
        (void)printf(" rights=none");
}

/* Prints bytes, in the largest unit of which they are a whole number. */
static void print_size(const char *name, uint64_t size) {
    static const char units[] = "\0KMGT";
    size_t power = 0;
    if (size == VALUE_UNLIMITED)
        return;
    while (power < 4 && size > 0 && size % 1024 == 0) {
        size /= 1024;
        power++;
    }
    (void)printf(" %s=%" PRIu64 "%.1s", name, size, units + power);
}

/* Of the home: as clients name it, and where it is on the disk. */
static void print_home(const struct config *config, const char *home) {
    char *root = realpath(config->root, NULL);
    const char *top = root ? root : config->root;
    bool is_top = strcmp(home, "/") == 0, nothing = strcmp(top, "/") == 0;
    terminal_print(stdout, " home=%s (%s%s)", home, nothing && !is_top ? "" : top,
                   is_top ? "" : home);
    free(root);
}

static void print_account(struct account account, const struct config *config) {
    account_complete(&account, config);
    print_home(config, account.home);
    print_rights(account.rights);
    (void)printf(" on-conflict=%s", value_conflict_word(account_policy(&account)));
    print_size("max-file", account.max_file_size);
    print_size("quota", account.quota);
    if (account.file_mode != VALUE_NO_MODE)
        (void)printf(" file-mode=%04o", (unsigned)account.file_mode);
}

static void print_user(const struct user *user, const struct config *config) {
    terminal_print(stdout, "  user %s:", user->name);
    print_account(user->account, config);
    if (*user->from)
        terminal_print(stdout, " from=%s", user->from);
    if (*user->until)
        (void)printf(" until=%s%s", user->until, users_is_over(user, time(NULL)) ? " (over)" : "");
    if (user->account.ousts)
        (void)printf(" when-full=oldest");
    if (user->tls)
        (void)printf(" tls only");
    if (user->account.lenient)
        (void)printf(" lenient");
    if (user->account.no_gate && config->gate)
        (void)printf(" gate=no");
    if (*user->certificate)
        (void)printf(" by certificate");
    bool certificate = *user->certificate && !user->locked;
    (void)puts(users_is_strong(user->hash) || certificate ? "" : " locked");
}

void report_clients(const struct check *check) {
    const struct config *config = check->config;
    (void)puts("What clients get:");
    if (!check->users_file && config->local) {
        (void)printf("  pipes, local sockets, loopback addresses: no login");
        print_account(account_local(), config);
        (void)puts("\n    (that is who comes through a relay on this machine, too: see --local)");
    }
    if (config->anonymous) {
        (void)printf("  anonymous, from anywhere:");
        print_account(account_anonymous(config), config);
        (void)puts("");
    }
    for (size_t i = 0; i < check->users.count && !check->users_broken; i++)
        print_user(&check->users.rows[i], config);
    if (check->users_broken)
        terminal_line(stdout, "  users of %s: nobody, until its errors are put right",
                      check->users_file);
    (void)puts("  everybody else: refused (530)");
}
