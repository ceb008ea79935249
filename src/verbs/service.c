#include "verbs/service.h"

#include <string.h>
#include <strings.h>

#include "session/reply.h"
#include "session/session.h"
#include "verbs/attributes.h"
#include "verbs/hash.h"
#include "verbs/list.h"

int verb_syst(struct session *session, const char *argument) {
    (void)argument;
    return reply_send(session, 215, "UNIX Type: L8");
}

int verb_noop(struct session *session, const char *argument) {
    (void)argument;
    return reply_send(session, 200, "OK");
}

static int tell_status(struct session *session) {
    (void)reply_begin(session, 211, "Status of stord " STORD_VERSION);
    (void)reply_line(session, "Connected from %s", session->given->peer->text);
    (void)reply_line(session, "%s", session->who.logged_in ? "Logged in" : "Not logged in");
    (void)reply_line(session, "TYPE: %s; STRU: File; MODE: Stream",
                     session->parameters.ascii ? "ASCII Non-print" : "Image");
    if (conn_is_secure(&session->control.conn))
        (void)reply_line(session, "TLS: %s %s; data connections: %s", session->secure.facts.version,
                         session->secure.facts.cipher,
                         session->secure.is_private ? "protected" : "in clear text");
    if (session->watch.transferring)
        (void)reply_line(session, "A transfer is under way: %llu bytes so far",
                         (unsigned long long)session->watch.moved);
    (void)reply_line(session, "%u files stored, %llu bytes", session->uploads.files,
                     (unsigned long long)session->uploads.bytes);
    return reply_end(session, 211, "End of status");
}

int verb_stat(struct session *session, const char *argument) {
    if (argument[strspn(argument, " ")] == '\0')
        return tell_status(session);
    if (!session->who.logged_in)
        return reply_send(session, 530, "Not logged in");
    if (!(session->who.rights & (RIGHT_LIST | RIGHTS_OWN)))
        return reply_send(session, 550, "STAT: permission denied (no list right)");
    return list_status(session, argument);
}

/* First 426 for the transfer; then the dispatcher replies 226 to ABOR itself. */
int verb_abor(struct session *session, const char *argument) {
    (void)argument;
    if (watch_abort(&session->watch))
        return 0;
    data_reset(&session->data);
    return reply_send(session, 226, "There was no transfer to abort");
}

int verb_quit(struct session *session, const char *argument) {
    (void)argument;
    return leave_saying(session, 221, "Goodbye");
}

int verb_rein(struct session *session, const char *argument) {
    (void)argument;
    /* The credential helper has ended, so there is no other login; or the client must begin with
     * TLS */
    if (session->who.authenticated || session->given->config->tls == TLS_IMPLICIT) {
        leave(session);
        return reply_send(session, 421, "Connect again to log in as another user; closing");
    }
    int result = reply_send(session, 220, "Ready for a new user");
    if (result == 0 && conn_is_secure(&session->control.conn))
        result = secure_leave(session);
    session_reset(session);
    return result;
}

int verb_host(struct session *session, const char *argument) {
    if (session->who.user_given)
        return reply_send(session, 503, "HOST comes before USER");
    log_event(session->given->log, EVENT_CLIENT_SAYS, "Host asked for: %s", argument);
    return reply_send(session, 220, "Welcome to the FTP server");
}

int verb_lang(struct session *session, const char *argument) {
    if (*argument && strcasecmp(argument, "EN") != 0 && strncasecmp(argument, "EN-", 3) != 0)
        return reply_send(session, 504, "Only English (EN) is spoken here");
    return reply_send(session, 200, "English it is");
}

int verb_clnt(struct session *session, const char *argument) {
    log_event(session->given->log, EVENT_CLIENT_SAYS, "Client calls itself: %s", argument);
    return reply_send(session, 200, "Noted");
}

int verb_csid(struct session *session, const char *argument) {
    log_event(session->given->log, EVENT_CLIENT_SAYS, "Client calls itself: %s", argument);
    return reply_send(session, 200, "Name=stord; Version=" STORD_VERSION ";");
}

static int site_help(struct session *session, const char *argument);

static const struct site {
    const char *name;
    int (*run)(struct session *session, const char *argument);
    const char *help;
    enum right right;
    bool of_upload; /* it is about the next upload, and exists only if SHA-256 is made */
} sites[] = {
    {"HELP", site_help, "", RIGHT_NONE, false},
    {"CHMOD", site_chmod, "mode name", RIGHT_REPLACE, false},
    {"UTIME", site_utime, "YYYYMMDDHHMMSS file", RIGHT_REPLACE, false},
    {"UMASK", site_umask, "[mask]", RIGHT_NONE, false},
    {"SHA256", site_sha256, "hex", RIGHT_NONE, true},
};

static bool is_served(const struct session *session, const struct site *site) {
    return !site->of_upload || digest_has(session->given->config->checksum, DIGEST_SHA256);
}

static int site_help(struct session *session, const char *argument) {
    (void)argument;
    int result = reply_begin(session, 214, "The following SITE commands are recognized:");
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]) && result == 0; i++)
        result = is_served(session, &sites[i])
                     ? reply_line(session, "%s %s", sites[i].name, sites[i].help)
                     : 0;
    return result < 0 ? result : reply_end(session, 214, "Help OK");
}

static bool is_site(const struct site *site, const char *word, size_t length) {
    return strlen(site->name) == length && strncasecmp(site->name, word, length) == 0;
}

bool site_is_of_upload(const char *argument) {
    const char *word = argument + strspn(argument, " ");
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        if (sites[i].of_upload && is_site(&sites[i], word, strcspn(word, " ")))
            return true;
    }
    return false;
}

int verb_site(struct session *session, const char *argument) {
    size_t length = strcspn(argument, " ");
    const char *rest = argument + length + (argument[length] == ' ');
    const char *word = rest + strspn(rest, " ");
    for (size_t i = 0; i < sizeof(sites) / sizeof(sites[0]); i++) {
        const struct site *site = &sites[i];
        if (!is_site(site, argument, length) || !is_served(session, site))
            continue;
        const char *name = strchr(word, ' ');
        session_means(session, name ? name + 1 : NULL);
        if (site->right && !(session->who.rights & (site->right | RIGHTS_OWN)))
            return reply_send(session, 550, "SITE %s: permission denied (no %s right)", site->name,
                              right_word(site->right));
        return site->run(session, site->run == site_utime ? rest : word); /* may be a name */
    }
    return reply_send(session, 501, "That SITE command is not known; see SITE HELP");
}
