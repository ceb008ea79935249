#include "verbs/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/await.h"
#include "base/clock.h"
#include "base/rights.h"
#include "sandbox/sandbox.h"
#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"
#include "session/view.h"
#include "store/folder.h"
#include "users/owner.h"

enum { FAILURE_DELAY = 1000 /* ms from a wrong password to the reply, at least */ };

static bool has_users(const struct session *session) {
    return session->given->config->users != NULL;
}

int auth_refuse(struct session *session) {
    if (secure_is_missing(session))
        return reply_send(session, 530, "Only under TLS: AUTH TLS comes first");
    if (has_users(session))
        return reply_send(session, 530, "Not logged in: USER and PASS come first");
    if (session->given->config->anonymous)
        return reply_send(session, 530, "Not logged in: log in as anonymous");
    const struct log_facts facts = {.reply = 530};
    const char *who = session->given->config->local ? "only local clients are" : "nobody is";
    if (reply_may_tell(session))
        log_about(session->given->log, EVENT_NO_USERS, &facts,
                  "Refused %s: there is no users file, so %s served", session->given->peer->text,
                  who);
    return reply_told(session, 530, "Not logged in: without a users file %s served", who);
}

/* What a client uploads over several connections is its own in all of them. */
static void join_others(struct session *session) {
    char host[OWNER_SIZE];
    if (who_sees(&session->who))
        return;
    owner_of_peer(session->given->peer, host);
    int result = share_join(&session->view.share, &session->who.top, session->who.owner, host);
    if (result < 0)
        log_event(session->given->log, EVENT_OWN_UNKNOWN,
                  "The client's other connections are not known: %s", strerror(-result));
    if (result == -EPERM)
        tell_foreign(session);
}

/* A user with a home below the root must not list the root: keeps only an O_PATH descriptor, for
 * the reserved folder. */
static int leave_top(struct session *session) {
    if (!session->who.account.home[1])
        return 0;
    int way = openat(session->who.top.fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (way < 0)
        return -errno;
    (void)close(session->who.top.fd);
    who_leave_top(&session->who, way);
    return 0;
}

/* Creates the home if it is missing, and makes it the session's root. */
static int enter_home(struct session *session) {
    struct path_root home;
    int result =
        folder_enter(session->given->config, &session->who.top, session->who.account.home, &home);
    if (result < 0)
        return result;
    who_settle(&session->who, &home);
    return leave_top(session);
}

static int refuse_home(struct session *session, int error) {
    const struct log_facts facts = {.user = session->who.user, .reply = 421};
    log_about(session->given->log, EVENT_HOME_BROKEN, &facts, "Home %s of %s: %s",
              session->who.account.home, session->who.user, strerror(-error));
    return leave_saying(session, 421, "Your folder is not available; closing");
}

/* From here on the process can open only what the user may use. */
static int narrow(struct session *session) {
    if (rights_cannot_write(session->who.rights))
        turns_join(&session->turns);
    const struct sandbox_home home = {.top = &session->who.top,
                                      .home = &session->who.root,
                                      .rights = session->who.rights,
                                      .is_counted = session->who.account.quota != VALUE_UNLIMITED,
                                      .notices = session->given->notices,
                                      .state = *session->given->sandbox};
    return sandbox_narrow(session->given->config, session->given->log, &home);
}

/* code: of the reply to success. */
static int log_in(struct session *session, const struct account *account, int code) {
    view_forget_all_own(session); /* what the client did before does not belong to this account */
    who_apply(&session->who, account, session->given->config);
    if (who_is_pardoned_cut(&session->who, session->given->config))
        conn_be_lenient(&session->control.conn);
    int result = enter_home(session);
    if (result < 0)
        return refuse_home(session, result);
    helper_end(&session->who.helper);
    if (who_is_anonymous(
            &session->who,
            session->given->config)) { /* uploads are resumed from the same address only */
        who_own_as_peer(&session->who, session->given->peer);
    } else {
        who_own_as_user(&session->who);
        join_others(session);
    }
    result = narrow(session);
    if (result < 0)
        return leave_saying(session, 421,
                            "Nobody can be served safely: see the server's log; closing");
    who_enter(&session->who);
    log_set_user(session->given->log, session->who.user);
    doing_begin(session);
    log_event(session->given->log, EVENT_LOGGED_IN, "Logged in: %s from %s%s", session->who.user,
              session->given->peer->text, code == 232 ? ", by certificate" : "");
    return reply_send(session, code, "Logged in");
}

static int log_in_anonymous(struct session *session) {
    const struct account account = account_anonymous(session->given->config);
    who_name(&session->who, "anonymous");
    return log_in(session, &account, 230);
}

/* Logs the line that contrib/fail2ban looks for. begun: when the password came (clock_ms), so that
 * the reply's time does not depend on the hash. */
static int refuse_login(struct session *session, long long begun) {
    const bool may_retry = who_may_retry(&session->who);
    const struct log_facts facts = {.user = session->who.user, .reply = may_retry ? 530 : 421};
    log_about(session->given->log, EVENT_LOGIN_FAILED, &facts, "Login failed from %s: user %s",
              session->given->peer->text, session->who.user);
    (void)control_await(&session->control, -1, 0, clock_until(begun + FAILURE_DELAY));
    if (!may_retry)
        return leave_saying(session, 421, "Too many wrong passwords; closing");
    return reply_told(session, 530, "Login incorrect");
}

/* Waits for the helper's answer as long as the client is there: a client that resets the connection
 * during a long hash ends that. Returns 0 or a negative errno: -ENOTCONN then. */
static int await_answer(const struct session *session) {
    const struct control *control = &session->control;
    struct pollfd fds[] = {{.fd = session->who.helper.fd, .events = POLLIN},
                           {.fd = control->stop, .events = POLLIN},
                           {.fd = control->conn.out}};
    int n = await_poll(fds, sizeof(fds) / sizeof(fds[0]),
                       (int)session->given->config->login_timeout * 1000);
    if (n <= 0)
        return n < 0 ? -errno : -ETIMEDOUT;
    if (fds[1].revents)
        return -ESHUTDOWN;
    return fds[2].revents ? -ENOTCONN : 0;
}

/* Asks the helper. password: NULL to ask whether the client's certificate will do. Returns 0 or a
 * negative errno. */
static int ask(struct session *session, const char *password, struct helper_answer *ret_answer) {
    const struct helper *helper = &session->who.helper;
    const struct helper_client client = {.name = session->who.user,
                                         .password = password,
                                         .tls = conn_is_secure(&session->control.conn),
                                         .certificate = &session->secure.facts.peer};
    if (helper->fd < 0)
        return -EPIPE;
    int result = helper_ask(helper, &client);
    if (result == 0)
        result = await_answer(session);
    return result < 0 ? result : helper_answer(helper, ret_answer);
}

/* Replies if the helper has not answered. Returns as a verb. */
static int no_answer(struct session *session, int error) {
    if (error == -ESHUTDOWN)
        return 0;           /* the loop replies to that */
    if (error == -ENOTCONN) /* the client is gone */
        return error;
    if (error < 0)
        log_event(session->given->log, EVENT_LOGIN_BROKEN,
                  "No answer from the credential helper: %s", strerror(-error));
    return leave_saying(session, 421, "Nobody can log in now: see the server's log; closing");
}

/* Can the client log in only by its certificate, and may the helper be asked about that? */
static bool may_ask(struct session *session) {
    return *session->secure.facts.peer.fingerprint && who_may_show_certificate(&session->who);
}

/* USER from a client that has shown a certificate: 232, or 331 as for all others. */
static int try_certificate(struct session *session) {
    struct helper_answer answer;
    int result = ask(session, NULL, &answer);
    if (result < 0 || answer.outcome == HELPER_BROKEN)
        return no_answer(session, result);
    if (answer.outcome == HELPER_YES)
        return log_in(session, &answer.account, 232);
    return reply_send(session, 331, "Now send PASS");
}

int verb_user(struct session *session, const char *argument) {
    who_note_user(&session->who);
    if (session->who.authenticated)
        return reply_send(session, 530,
                          "Already logged in; connect again to log in as another user");
    if (secure_is_missing(session))
        return auth_refuse(session);
    who_name(&session->who, argument);
    if (!has_users(session) && !who_is_anonymous(&session->who, session->given->config) &&
        !session->who.logged_in)
        return auth_refuse(session);
    bool any = who_is_anonymous(&session->who, session->given->config) || !has_users(session);
    if (!any && may_ask(session))
        return try_certificate(session);
    return reply_send(session, 331, any ? "Any password will do" : "Now send PASS");
}

int verb_pass(struct session *session, const char *argument) {
    struct helper_answer answer;
    if (session->who.authenticated)
        return reply_send(session, 230, "Already logged in");
    if (secure_is_missing(session))
        return auth_refuse(session);
    if (who_is_anonymous(&session->who, session->given->config))
        return log_in_anonymous(session);
    if (!has_users(session))
        return session->who.logged_in ? reply_send(session, 230, "Logged in")
                                      : auth_refuse(session);
    if (session->who.user[0] == '\0')
        return reply_send(session, 503, "USER comes before PASS");
    long long begun = clock_ms();
    int result = ask(session, argument, &answer);
    if (result < 0 || answer.outcome == HELPER_BROKEN)
        return no_answer(session, result);
    if (answer.outcome != HELPER_YES)
        return refuse_login(session, begun);
    return log_in(session, &answer.account, 230);
}

int verb_acct(struct session *session, const char *argument) {
    (void)argument;
    if (!session->who.logged_in)
        return auth_refuse(session);
    return reply_send(session, 202, "No account is needed");
}
