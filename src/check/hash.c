#include "check/hash.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/await.h"
#include "base/terminal.h"
#include "net/line.h"
#include "users/password.h"

/* The longest password that PASS can carry. */
enum { PASSWORD_LIMIT = LINE_LIMIT - (int)sizeof("PASS ") + 1 };

struct secret {
    char text[PASSWORD_LIMIT + 2]; /* room for a CR and a NUL */
    size_t length;                 /* of the line, even if text has no room for it */
    bool has_nul;
    bool ended; /* by a line end */
};

static int complain(int status, const char *complaint) {
    terminal_line(stderr, "handler: %s", complaint);
    return status;
}

/* Waits for input, or for a signal that ends the program. Returns 0, or that signal's number. */
static int await_input(int signals) {
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = signals, .events = POLLIN}};
    struct signalfd_siginfo info = {0};
    (void)await_poll(fds, 2, -1);
    if (fds[1].revents && read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        return (int)info.ssi_signo;
    return 0;
}

/* Reads one line, byte by byte, so that what follows is left for the next reader. signals: a
 * signalfd, or -1. Returns an exit status, or minus the number of a signal that came. */
static int read_line(struct secret *secret, int signals) {
    const size_t room = sizeof(secret->text) - 1;
    char byte;
    secret->length = 0;
    secret->has_nul = secret->ended = false;
    while (!secret->ended) {
        int number = await_input(signals);
        if (number > 0)
            return -number;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n < 0)
            return complain(EX_IOERR, strerror(errno));
        if (n == 0)
            break;
        secret->ended = byte == '\n';
        secret->has_nul = secret->has_nul || byte == '\0';
        if (!secret->ended && secret->length++ < room)
            secret->text[secret->length - 1] = byte;
    }
    return EX_OK;
}

/* Cuts off the CRs of a line end, as they are cut off from PASS, and checks whether PASS can carry
 * the rest. Returns an exit status. */
static int check(struct secret *secret) {
    if (secret->length == 0 && !secret->ended)
        return complain(EX_NOINPUT, "there is no line with a password");
    while (secret->length > 0 && secret->length < sizeof(secret->text) &&
           secret->text[secret->length - 1] == '\r')
        secret->length--;
    if (secret->length == 0)
        return complain(EX_DATAERR, "the password is empty");
    if (secret->length > PASSWORD_LIMIT)
        return complain(EX_DATAERR, "the password is longer than PASS can carry");
    secret->text[secret->length] = '\0';
    return secret->has_nul ? complain(EX_DATAERR, "the password has a NUL byte") : EX_OK;
}

/* Reads a line and checks it. Returns as read_line. */
static int read_password(struct secret *secret, int signals) {
    int result = read_line(secret, signals);
    return result == EX_OK ? check(secret) : result;
}

/* Asks for the password twice. Returns as read_line. */
static int ask_twice(struct secret *secret, int signals) {
    struct secret again;
    (void)fputs("Password: ", stderr);
    int result = read_password(secret, signals);
    (void)fputs("\n", stderr);
    if (result != EX_OK)
        return result;
    (void)fputs("The same again: ", stderr);
    result = read_password(&again, signals);
    (void)fputs("\n", stderr);
    if (result == EX_OK &&
        (again.length != secret->length || memcmp(again.text, secret->text, again.length) != 0))
        result = complain(EX_DATAERR, "these were two different passwords");
    explicit_bzero(&again, sizeof(again));
    return result;
}

/* Asks at the terminal without echo. However it ends, the terminal is restored: until then signals
 * are blocked, and come through a descriptor. */
static int read_from_terminal(struct secret *secret, const struct termios *before) {
    static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    struct termios silent = *before;
    sigset_t set, blocked, old;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sigaddset(&set, ending[i]);
    blocked = set;
    (void)sigaddset(&blocked, SIGTSTP); /* stops the program once the password has been read */
    (void)sigprocmask(SIG_BLOCK, &blocked, &old);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    int result = signals < 0 ? complain(EX_OSERR, strerror(errno)) : EX_OK;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    if (result == EX_OK && tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
        result = complain(EX_IOERR, strerror(errno));
    if (result == EX_OK)
        result = ask_twice(secret, signals);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
    if (signals >= 0)
        (void)close(signals);
    if (result < 0)
        (void)raise(-result);
    (void)sigprocmask(SIG_SETMASK, &old, NULL); /* ends the program if one was raised */
    return result < 0 ? EX_OSERR : result;
}

static int print_hash(const char *password) {
    char hash[PASSWORD_HASH_SIZE];
    const char *error;
    const struct password *module = password_load(&error);
    if (!module)
        return complain(EX_UNAVAILABLE, error);
    int result = module->make_hash(password, hash);
    if (result == -ERANGE)
        return complain(EX_DATAERR, "the password is longer than crypt(3) allows");
    if (result < 0)
        return complain(EX_OSERR, strerror(-result));
    return puts(hash) >= 0 && fflush(stdout) == 0 ? EX_OK : complain(EX_IOERR, strerror(errno));
}

int hash_run(void) {
    struct secret secret;
    struct termios before;
    int result = tcgetattr(STDIN_FILENO, &before) == 0 ? read_from_terminal(&secret, &before)
                                                       : read_password(&secret, -1);
    if (result == EX_OK)
        result = print_hash(secret.text);
    explicit_bzero(&secret, sizeof(secret));
    return result;
}
