#include "users/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "net/line.h"
#include "sandbox/sandbox.h"
#include "users/aide.h"
#include "users/certname.h"
#include "users/password.h"
#include "users/privileges.h"

enum { COMPLAINTS = 20 }; /* that are logged, of all about the file */

/* What is sent to the helper. */
struct question {
    unsigned char tls;            /* 1: the client's connection is under it, else 0 */
    unsigned char by_certificate; /* 1: there is no password, else 0 */
    struct tls_certificate certificate;
    char name[USERS_NAME_LIMIT + 1]; /* "" for one that no user can have */
    char password[LINE_LIMIT + 1];
};

/* State of the helper. */
struct helping {
    const struct helper_setup *setup;
    const struct password *password; /* NULL without the module */
    struct users users;
    int error;                        /* why `users` cannot be used, or 0 */
    unsigned complaints;              /* about the file, so far */
    unsigned passwords, certificates; /* how many have been asked about */
};

static void complain(void *context, unsigned line, const char *complaint) {
    struct helping *helper = context;
    if (helper->complaints++ < COMPLAINTS)
        log_event(helper->setup->log, EVENT_USERS_BROKEN, "%s:%u: %s", helper->setup->file, line,
                  complaint);
}

static int read_users(struct helping *helper) {
    int result = users_load(&helper->users, helper->setup->file, complain, helper);
    return result < 0 || !helper->password
               ? result
               : password_check_users(helper->password, &helper->users, complain, helper);
}

/* Reads the users file. With a broken one nobody can log in, rather than somebody wrong. */
static void load(struct helping *helper) {
    const struct log *log = helper->setup->log;
    const char *error;
    helper->password = password_load(&error);
    if (!helper->password)
        log_event(log, EVENT_LOGIN_BROKEN, "Nobody can log in: %s", error);
    helper->error = read_users(helper);
    if (helper->error < 0)
        log_event(log, EVENT_USERS_BROKEN, "Nobody can log in: users file %s: %s",
                  helper->setup->file,
                  helper->error == -EINVAL ? "see above" : strerror(-helper->error));
    if (!helper->password)
        helper->error = -ELIBACC;
}

/* The hash to check against if there is no such user: one of the file, the same for the same name,
 * so that the time of an answer reveals nothing. */
static const char *dummy_hash(const struct users *users, const char *name) {
    static const char none[] =
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tnSYvahCwPBHKZUspmcxMfb0.WiB9W.zEaKlOBL35rC";
    size_t start = 0;
    for (const char *c = name; *c; c++)
        start = start * 31 + (unsigned char)*c;
    for (size_t i = 0; i < users->count; i++) {
        const char *hash = users->rows[(start + i) % users->count].hash;
        if (users_is_strong(hash))
            return hash;
    }
    return none;
}

/* Is it the user's password? It takes the same time if there is no such user. */
static bool has_password(const struct helping *helper, const struct question *question,
                         const struct user *user) {
    bool known = user && users_is_strong(user->hash);
    const char *hash = known ? user->hash : dummy_hash(&helper->users, question->name);
    int right = helper->password->is_right(question->password, hash);
    if (right < 0)
        log_event(helper->setup->log, EVENT_LOGIN_BROKEN, "A password cannot be hashed: %s",
                  strerror(-right));
    return right > 0 && known;
}

/* Says why, to the operator alone. The client is answered the same, at the same time, whatever the
 * reason is; and so is the session, which may have been taken over. */
static void refuse(const struct helping *helper, const char *name, const char *why) {
    const struct log_facts facts = {.user = name};
    log_about(helper->setup->log, EVENT_LOGIN_REFUSED, &facts, "Login refused from %s: %s: user %s",
              helper->setup->peer->text, why, name);
}

/* What is wrong with a password, or with what has none. */
static const char *reason_of(const struct user *user) {
    if (!user)
        return "there is no such user";
    if (!users_is_strong(user->hash))
        return *user->certificate && !user->locked ? "there is no password, only a certificate"
                                                   : "locked";
    return "the password is wrong";
}

static void judge(const struct helping *helper, const struct question *question,
                  struct helper_answer *answer) {
    const struct user *user = users_find(&helper->users, question->name);
    bool right = question->by_certificate
                     ? user && certname_is(user->certificate, &question->certificate)
                     : has_password(helper, question, user);
    answer->outcome = HELPER_NO;
    if (!right) {
        if (!question->by_certificate) /* else a password may follow */
            refuse(helper, question->name, reason_of(user));
        return;
    }
    if (user->locked) {
        refuse(helper, user->name, "locked");
        return;
    }
    if (!users_may_come_from(user, helper->setup->peer)) {
        refuse(helper, user->name, "may not log in from there");
        return;
    }
    if (user->tls && !question->tls) {
        refuse(helper, user->name, "may not log in without TLS");
        return;
    }
    if (users_is_over(user, time(NULL))) {
        char why[64];
        (void)snprintf(why, sizeof(why), "may not log in any more (until=%.10s)", user->until);
        refuse(helper, user->name, why);
        return;
    }
    answer->outcome = HELPER_YES;
    answer->account = user->account;
    memcpy(answer->home, user->account.home, strlen(user->account.home) + 1);
}

static ssize_t receive(int fd, void *bytes, size_t n) {
    ssize_t got;
    do
        got = recv(fd, bytes, n, MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Reads the users file, unless that was done as root, and confines the process. */
static bool prepare(struct helping *helper) {
    const struct helper_setup *setup = helper->setup;
    if (!setup->user->wanted)
        load(helper);
    int result = sandbox_enter_helper(setup->config, setup->log);
    if (result < 0)
        log_event(setup->log, EVENT_LOGIN_BROKEN, "Nobody can log in: credential helper: %s",
                  strerror(-result));
    return result == 0;
}

/* The session may have been taken over: it may send anything. Returns whether it is a question, and
 * not one too many. */
static bool may_ask(struct helping *helper, struct question *question) {
    if (question->tls > 1 || question->by_certificate > 1)
        return false;
    question->name[sizeof(question->name) - 1] = '\0';
    question->password[sizeof(question->password) - 1] = '\0';
    question->certificate.subject[sizeof(question->certificate.subject) - 1] = '\0';
    question->certificate.fingerprint[sizeof(question->certificate.fingerprint) - 1] = '\0';
    unsigned *tries = question->by_certificate ? &helper->certificates : &helper->passwords;
    return ++*tries <= HELPER_TRIES;
}

static void answer_questions(struct helping *helper, int fd) {
    static struct question question; /* static only for its size */
    struct helper_answer answer = {.outcome = HELPER_NO};
    /* The first one is not read before this process is confined */
    if (recv(fd, &question, 1, MSG_PEEK) != 1 || !prepare(helper))
        return;
    while (answer.outcome != HELPER_YES) {
        if (receive(fd, &question, sizeof(question)) != (ssize_t)sizeof(question) ||
            !may_ask(helper, &question))
            return;
        if (helper->error < 0)
            answer.outcome = HELPER_BROKEN;
        else
            judge(helper, &question, &answer);
        explicit_bzero(question.password, sizeof(question.password));
        if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
            return;
    }
}

/* The helper: an aide_work. It ends with the session. */
static _Noreturn void run(const void *context, int fd) {
    const struct helper_setup *setup = context;
    struct helping helper = {.setup = setup};
    aide_begin(setup->config->metrics_file);
    if (setup->user->wanted) /* only root may be able to */
        load(&helper);
    aide_become(setup->user, setup->config->metrics_file);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it may be in the middle of a long hash then */
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    answer_questions(&helper, fd);
    _exit(EXIT_SUCCESS);
}

int helper_start(struct helper *ret_helper, const struct helper_setup *setup) {
    pid_t pid;
    int fd = aide_start(SOCK_STREAM, run, setup, &pid);
    if (fd < 0)
        return fd;
    *ret_helper = (struct helper){.fd = fd, .pid = pid};
    return 0;
}

int helper_ask(const struct helper *helper, const struct helper_client *client) {
    static struct question question; /* static only for its size */
    size_t length = strlen(client->name);
    memset(&question, 0, sizeof(question));
    question.tls = client->tls;
    question.by_certificate = !client->password;
    question.certificate = *client->certificate;
    if (length <= USERS_NAME_LIMIT)
        memcpy(question.name, client->name, length);
    if (client->password)
        memcpy(question.password, client->password, strnlen(client->password, LINE_LIMIT));
    ssize_t sent = send(helper->fd, &question, sizeof(question), MSG_NOSIGNAL);
    explicit_bzero(&question, sizeof(question));
    if (sent < 0)
        return -errno;
    return sent == (ssize_t)sizeof(question) ? 0 : -EPIPE;
}

int helper_answer(const struct helper *helper, struct helper_answer *ret_answer) {
    ssize_t got = receive(helper->fd, ret_answer, sizeof(*ret_answer));
    ret_answer->account.home = ret_answer->home; /* it was an address of the helper's */
    if (got < 0)
        return -errno;
    return got == (ssize_t)sizeof(*ret_answer) ? 0 : -EPIPE;
}

void helper_end(struct helper *helper) {
    if (helper->fd < 0)
        return;
    (void)close(helper->fd);
    (void)kill(helper->pid, SIGKILL); /* it may be in the middle of a long hash */
    while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    helper->fd = -1;
}
