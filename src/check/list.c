#include "check/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/config.h"
#include "base/terminal.h"
#include "users/password.h"
#include "users/users.h"

static int complain(int status, const char *complaint) {
    terminal_line(stderr, "handler: %s", complaint);
    return status;
}

static void complain_users(void *context, unsigned line, const char *complaint) {
    const struct config *config = context;
    terminal_line(stderr, "handler: %s:%u: %s", config->users, line, complaint);
}

static const char *login_word(const struct user *user) {
    bool password = users_is_strong(user->hash), certificate = *user->certificate && !user->locked;
    if (password && certificate)
        return "both";
    return password ? "password" : certificate ? "certificate" : "locked";
}

/* Reads the file as the credential helper does. Returns an exit status. */
static int read_users(const struct config *config, struct users *ret_users) {
    const char *error;
    const struct password *password = password_load(&error);
    if (!password)
        return complain(EX_UNAVAILABLE, error);
    void *context = (void *)config;
    int result = users_load(ret_users, config->users, complain_users, context);
    if (result == 0)
        result = password_check_users(password, ret_users, complain_users, context);
    if (result == 0 || result == -EINVAL)
        return result == 0 ? EX_OK : EX_DATAERR;
    terminal_line(stderr, "handler: %s: %s", config->users, strerror(-result));
    return EX_NOINPUT;
}

int list_users(const struct config *config) {
    struct users users = {0};
    if (!config->users)
        return complain(EX_USAGE, "--list-users wants --users");
    int status = read_users(config, &users);
    for (size_t i = 0; i < users.count && status == EX_OK; i++) {
        const struct user *user = &users.rows[i];
        (void)printf("%u\t%s\t", user->line, login_word(user));
        terminal_line(stdout, "%s", user->name);
    }
    users_free(&users);
    if (status == EX_OK && fflush(stdout) != 0)
        status = complain(EX_IOERR, strerror(errno));
    return status;
}
