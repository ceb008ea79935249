#include "client/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/escape.h"
#include "client/netrc.h"
#include "client/progress.h"

static bool keep(char to[SECRET_SIZE], const char *text) {
    return snprintf(to, SECRET_SIZE, "%s", text) < SECRET_SIZE;
}

/* Reads the first line of a file. */
static bool read_file(struct secret *secret, const char *path, struct failure *failure) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, secret->password, sizeof(secret->password) - 1);
    if (n < 0)
        failure_ours(failure, EX_NOINPUT, "--password-file: %s", strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    if (n < 0)
        return false;
    secret->password[n] = '\0';
    secret->password[strcspn(secret->password, "\r\n")] = '\0';
    return secret->has_password = true;
}

/* Takes what ~/.netrc has for that host and user. */
static bool take_netrc(struct secret *secret, const char *host, struct failure *failure) {
    struct netrc entry = {0};
    int found = netrc_read(host, *secret->user ? secret->user : NULL, &entry);
    if (found == -EPERM) {
        failure_ours(
            failure, EX_NOPERM,
            "~/.netrc: others may read it, so its password is not used: chmod 600 ~/.netrc");
        return false;
    }
    if (found && !*secret->user)
        (void)keep(secret->user, entry.login);
    if (found && *secret->user && *entry.password)
        secret->has_password = keep(secret->password, entry.password);
    if (found && *entry.account)
        secret->has_account = keep(secret->account, entry.account);
    explicit_bzero(&entry, sizeof(entry));
    return true;
}

bool secret_find(struct secret *secret, const char *user, const char *host, const char *file,
                 struct failure *failure) {
    const char *password = getenv("STOR_PASSWORD"), *account = getenv("STOR_ACCOUNT");
    if (!keep(secret->user, user) || strpbrk(user, "\r\n") ||
        (password && (strlen(password) >= SECRET_SIZE || strpbrk(password, "\r\n")))) {
        failure_ours(failure, EX_USAGE,
                     "the name or the password is too long or contains a line break");
        return false;
    }
    if (account)
        secret->has_account = keep(secret->account, account) && !strpbrk(account, "\r\n");
    if (file)
        return read_file(secret, file, failure);
    if (password)
        return secret->has_password = keep(secret->password, password);
    return take_netrc(secret, host, failure);
}

/* Reads a line without its end from a terminal. Returns whether there is one. */
static bool read_line(int fd, char line[SECRET_SIZE]) {
    size_t length = 0;
    char byte = '\0';
    while (read(fd, &byte, 1) == 1 && byte != '\n')
        if (length < SECRET_SIZE - 1)
            line[length++] = byte;
    line[length] = '\0';
    return byte == '\n';
}

/* Asks at the terminal of this process, without echo. Signals of the keyboard wait until the
 * terminal is as it was. */
static bool ask(const struct secret *secret, const char *what, char answer[SECRET_SIZE]) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios before, silent;
    if (fd < 0 || tcgetattr(fd, &before) < 0) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    char prompt[2 * SECRET_SIZE];
    (void)snprintf(prompt, sizeof(prompt), "%s of %s at %s: ", what, secret->user, secret->server);
    escape_in_place(prompt, strlen(prompt));
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
    progress_hide();
    bool good = tcsetattr(fd, TCSAFLUSH, &silent) == 0 && dprintf(fd, "%s", prompt) > 0 &&
                read_line(fd, answer);
    bool interrupted = strchr(answer, '\003') != NULL;
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)dprintf(fd, "\n");
    (void)close(fd);
    if (interrupted)
        (void)raise(SIGINT);
    return good;
}

bool secret_want_password(struct secret *secret) {
    if (!secret->has_password)
        secret->has_password = ask(secret, "Password", secret->password);
    return secret->has_password;
}

bool secret_want_account(struct secret *secret) {
    if (!secret->has_account)
        secret->has_account = ask(secret, "Account", secret->account);
    return secret->has_account;
}
