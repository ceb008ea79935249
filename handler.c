/*
 * handler: one FTP session on standard input and output.
 *
 * main alone is here: put in order what the super-server left, read the settings, find out who
 * the client is, open the root, serve. What each step does stands in its module's header.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "src/channel.h"
#include "src/check.h"
#include "src/config.h"
#include "src/hash.h"
#include "src/log.h"
#include "src/login.h"
#include "src/path.h"
#include "src/peer.h"
#include "src/recount.h"
#include "src/secure.h"
#include "src/session.h"
#include "src/start.h"

enum { REFUSAL_TIME = 1000 }; /* ms that a client who cannot be served may take to hear it */

extern char **environ;

/* Tells the client, if there is one, that there is no service. */
static void refuse_client(void) {
    static const char reply[] = "421 Service not available: see the server's log\r\n";
    struct channel client;
    channel_open(&client, STDIN_FILENO, STDOUT_FILENO);
    (void)channel_write(&client, reply, sizeof(reply) - 1, REFUSAL_TIME);
    if (channel_has_unread(&client))
        channel_drain(&client, REFUSAL_TIME);
}

/* Says that the settings cannot be used. Returns the exit status. */
static int refuse_setup(const struct log *log, int status, const char *complaint) {
    log_event(log, LOG_LEVEL_ERROR, "Cannot start: %s", complaint);
    refuse_client();
    return status;
}

static int serve(const struct config *config, const struct log *log, int stop) {
    char complaint[CONFIG_ERROR_SIZE], reason[TLS_ERROR_SIZE];
    struct peer peer;
    struct path_root root;
    int result = peer_identify(&peer, STDIN_FILENO);
    if (result < 0) { /* a client that has gone already is no failure */
        log_event(log, LOG_LEVEL_INFO, "No client: %s", strerror(-result));
        return result == -ENOTCONN ? EX_OK : EX_OSERR;
    }
    result = path_root_open(&root, config->root, config_root_is_default(config));
    if (result < 0) {
        (void)snprintf(complaint, sizeof(complaint), "root %.400s: %s", config->root,
                       strerror(-result));
        return refuse_setup(log, EX_CONFIG, complaint);
    }
    struct login login = {.fd = -1};
    const struct login_setup setup = {.file = config->users, .peer = &peer, .log = log};
    result = setup.file ? login_start(&login, &setup) : 0;
    if (result < 0) {
        (void)snprintf(complaint, sizeof(complaint), "credential helper: %s", strerror(-result));
        return refuse_setup(log, EX_OSERR, complaint);
    }
    struct secure_setup secure; /* behind login_start: the helper has no business with the key */
    result = secure_open(config, &secure, reason);
    if (result < 0) {
        login_end(&login);
        (void)snprintf(complaint, sizeof(complaint), "TLS: %s", reason);
        return refuse_setup(log, EX_CONFIG, complaint);
    }
    static struct session session; /* static only for its size: nothing else refers to it */
    const struct session_parts parts = {.config = config,
                                        .log = log,
                                        .peer = &peer,
                                        .root = &root,
                                        .login = &login,
                                        .secure = &secure,
                                        .in = STDIN_FILENO,
                                        .out = STDOUT_FILENO};
    session_init(&session, &parts);
    session.control.stop = stop;
    session_run(&session);
    login_end(&session.login);
    return EX_OK;
}

/* What is asked for at a terminal instead of a session. Returns the exit status. */
static int run_mode(enum config_outcome outcome, const struct config *config,
                    const char *complaint) {
    switch (outcome) {
    case CONFIG_HELP:
        config_print_help(stdout);
        break;
    case CONFIG_VERSION:
        (void)puts("handler (stord) " STORD_VERSION);
        break;
    case CONFIG_CHECK:
        return check_run(config);
    case CONFIG_HASH:
        return hash_run();
    case CONFIG_RECOUNT:
        return recount_homes(config);
    default:
        (void)fprintf(stderr, "handler: %s\n", complaint);
        return outcome == CONFIG_USAGE ? EX_USAGE : EX_CONFIG;
    }
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv) {
    struct start start;
    struct config config;
    struct log log;
    char complaint[CONFIG_ERROR_SIZE];

    enum config_outcome outcome = config_load(&config, argc, argv, environ, complaint);
    if (config.wanted != CONFIG_SERVE)
        return run_mode(outcome, &config, complaint);
    int tamed = start_tame(&start);
    log_open(&log, config.log, config.log_level, start.stderr_is_client, start.systemd);
    if (start.systemd_error)
        log_event(&log, LOG_LEVEL_WARNING, "Going on without libsystemd: %s", start.systemd_error);
    if (outcome != CONFIG_SERVE)
        return refuse_setup(&log, outcome == CONFIG_USAGE ? EX_USAGE : EX_CONFIG, complaint);
    if (tamed < 0) {
        log_event(&log, LOG_LEVEL_ERROR, "No connection to serve: %s",
                  tamed == -EINVAL ? "LISTEN_FDS holds no single connection; it wants Accept=yes"
                                   : strerror(-tamed));
        return EX_OSERR;
    }
    return serve(&config, &log, start.stop);
}
