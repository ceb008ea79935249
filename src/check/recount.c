#include "check/recount.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/path.h"
#include "base/terminal.h"
#include "store/reserved.h"
#include "store/usage.h"
#include "store/usage_walk.h"
#include "users/owner.h"
#include "users/users.h"

/* State of one recount. */
struct recount {
    const struct config *config;
    struct path_root top;            /* the root */
    struct users users;              /* all; then those with a quota, sorted by home */
    char boot[USAGE_TEXT_BOOT_SIZE]; /* of the machine */
    bool keeps;                      /* there is a reserved folder to keep counts in */
};

static int complain(const char *what, int error) {
    terminal_line(stderr, "handler: %s: %s", what, strerror(-error));
    return error;
}

static void complain_users(void *context, unsigned line, const char *complaint) {
    const struct recount *recount = context;
    terminal_line(stderr, "handler: %s:%u: %s", recount->config->users, line, complaint);
}

static int compare_homes(const void *a, const void *b) {
    const struct user *x = a, *y = b;
    int order = strcmp(x->account.home, y->account.home);
    return order ? order : strcmp(x->name, y->name);
}

/* Keeps only those with a quota. */
static void sift(struct users *users) {
    size_t n = 0;
    for (size_t i = 0; i < users->count; i++) {
        if (users->rows[i].account.quota != VALUE_UNLIMITED)
            users->rows[n++] = users->rows[i];
    }
    users->count = n;
    if (n > 0)
        qsort(users->rows, n, sizeof(users->rows[0]), compare_homes);
}

static int read_users(struct recount *recount) {
    const char *file = recount->config->users;
    if (!file) {
        (void)fputs("handler: --recount wants --users\n", stderr);
        return -EINVAL;
    }
    int result = users_load(&recount->users, file, complain_users, recount);
    if (result < 0)
        return result == -EINVAL ? result : complain(file, result);
    sift(&recount->users);
    return 0;
}

/* Opens the root. A reserved folder there must be ours: else sessions could not use what we keep
 * there. For the same reason we make none: if we run as root, root would own it; and sessions
 * recount if nothing is kept. */
static int open_root(struct recount *recount) {
    const char *root = recount->config->root;
    int result = path_root_open(&recount->top, root, false);
    if (result < 0)
        return complain(root, result);
    int reserved = reserved_open(recount->top.fd, false);
    recount->keeps = reserved >= 0;
    if (reserved >= 0)
        (void)close(reserved);
    if (reserved >= 0 || reserved == -ENOENT)
        return 0;
    terminal_line(stderr, "handler: %s/" RESERVED_FOLDER ": %s", root,
                  reserved == -EPERM ? "belongs to another user: run this as that user"
                                     : strerror(-reserved));
    return reserved;
}

/* How many of the rows, from the first on, have the first one's home. */
static size_t sharing(const struct user *rows, size_t n) {
    size_t i = 1;
    while (i < n && strcmp(rows[i].account.home, rows[0].account.home) == 0)
        i++;
    return i;
}

/* Their owners, a line each; the caller frees them. NULL: out of memory. */
static char *owners_of(const struct user *rows, size_t n) {
    char *owners = malloc(n * (OWNER_SIZE + 1) + 1), *at = owners;
    for (size_t i = 0; owners && i < n; i++) {
        owner_of_user(rows[i].name, at);
        at += strlen(at);
        *at++ = '\n';
    }
    if (owners)
        *at = '\0';
    return owners;
}

static int count_home(const struct recount *recount, struct usage *usage, const char *owners) {
    if (!recount->keeps)
        return usage_walk(usage->root, "/", USAGE_WALK_FILES, usage->stop, &usage->count.held);
    int result = usage_begin(usage);
    if (result == 0)
        result = usage_recount(usage, owners);
    usage_end(usage, (struct amount){0}, (struct amount){0});
    return result;
}

static void print_row(const struct user *user, uint64_t used) {
    terminal_print(stdout, "%s", user->name);
    (void)fputs("\t", stdout);
    terminal_print(stdout, "%s", user->account.home);
    (void)printf("\t%llu\t%llu\n", (unsigned long long)used,
                 (unsigned long long)user->account.quota);
}

/* Counts the home of these users, and prints it. */
static int recount_home(const struct recount *recount, const struct user *rows, size_t n) {
    const struct account *account = &rows[0].account;
    struct path_root home = {.walk = recount->top.walk};
    home.fd = path_open(&recount->top, account->home, O_RDONLY | O_DIRECTORY, 0);
    if (home.fd < 0) /* a home that does not exist has not been used yet */
        return home.fd == -ENOENT ? 0 : complain(account->home, home.fd);
    struct usage usage = {.top = &recount->top,
                          .root = &home,
                          .home = account->home,
                          .owner = "",
                          .boot = recount->boot,
                          .quota = account->quota,
                          .stop = -1};
    char *owners = owners_of(rows, n);
    int result = owners ? count_home(recount, &usage, owners) : -ENOMEM;
    free(owners);
    (void)close(home.fd);
    if (result < 0)
        return complain(account->home, result);
    for (size_t i = 0; i < n; i++)
        print_row(&rows[i], usage.count.held.bytes);
    return 0;
}

static int recount_all(const struct recount *recount) {
    const struct user *rows = recount->users.rows;
    int result = 0;
    for (size_t i = 0, n; i < recount->users.count && result != -ESHUTDOWN; i += n) {
        n = sharing(rows + i, recount->users.count - i);
        int one = recount_home(recount, rows + i, n);
        result = one < 0 ? one : result;
    }
    return result == 0 && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int recount_homes(const struct config *config) {
    static struct recount recount; /* static only for its size */
    recount.config = config;
    usage_boot(recount.boot);
    int status = EX_CONFIG;
    if (read_users(&recount) == 0 && open_root(&recount) == 0)
        status = recount_all(&recount);
    users_free(&recount.users);
    return status;
}
