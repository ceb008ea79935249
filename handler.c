/*
 * handler: one FTP session on standard input and output.
 *
 * Only main is here: it decides what to do, by the arguments and by what the super-server handed
 * over.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/config.h"
#include "base/terminal.h"
#include "base/title.h"
#include "check/check.h"
#include "check/deliver.h"
#include "check/figures.h"
#include "check/hash.h"
#include "check/list.h"
#include "check/recount.h"
#include "check/scrape.h"
#include "log/log.h"
#include "rlimits.h"
#include "serve.h"
#include "start.h"

extern char **environ;

static void open_log(struct log *log, const struct config *config, const struct start *start) {
    const struct log_setup setup = {.target = config->log,
                                    .level = config->log_level,
                                    .json = config->log_json,
                                    .counts = config->metrics_file != NULL,
                                    .stderr_is_client = start->stderr_is_client,
                                    .systemd = start->systemd};
    log_open(log, &setup);
    if (start->systemd_error)
        log_event(log, EVENT_NO_LIBSYSTEMD, "Continuing without libsystemd: %s",
                  start->systemd_error);
}

/* It logs, because nobody may be there to read what it prints. */
static int run_deliverer(const struct config *config, const struct start *start) {
    struct log log;
    struct start with = *start;
    if (log_wants_journal(config->log))
        with.systemd = systemd_load(&with.systemd_error);
    open_log(&log, config, &with);
    int status = deliver_events(config, &log);
    log_close(&log);
    return status;
}

/* Does what is asked for at a terminal instead of a session. Returns the exit status. */
static int run_mode(enum config_outcome outcome, const struct config *config,
                    const struct start *start, const char *complaint) {
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
    case CONFIG_LIST_USERS:
        return list_users(config);
    case CONFIG_RECOUNT:
        return recount_homes(config);
    case CONFIG_METRICS:
        return figures_run(config);
    case CONFIG_DELIVER:
        return run_deliverer(config, start);
    default:
        terminal_line(stderr, "handler: %s", complaint);
        return outcome == CONFIG_USAGE ? EX_USAGE : EX_CONFIG;
    }
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* Is there a client that needs a reply, whatever was asked for? What is printed at a terminal is
 * not for it. Only the report of --check in ExecStartPre= goes elsewhere, to the journal; that of
 * STORD_CHECK does not, for it would be the settings of all sessions that have it; nor does it go
 * to a local socket, behind which a relay may be. */
static bool has_client(const struct start *start, const struct config *config) {
    bool before_session = config->wanted == CONFIG_CHECK && !config->check && log_journal_stream();
    bool asked = config->wanted == CONFIG_CHECK && config->check && start_is_socket(start);
    return config->wanted == CONFIG_SERVE || (start->is_network && !before_session) || asked;
}

/* Logs that there is no connection. Returns the exit status. */
static int refuse_streams(const struct log *log, int error) {
    log_event(log, EVENT_CANNOT_START, "No connection to serve: %s",
              error == -EINVAL
                  ? "LISTEN_FDS is not a single connection: the socket unit needs Accept=yes"
                  : strerror(-error));
    return EX_OSERR;
}

int main(int argc, char **argv) {
    struct start start;
    struct config config;
    struct log log;
    char complaint[CONFIG_ERROR_SIZE];

    const char *lacking = rlimits_raise();
    if (lacking)
        return rlimits_refuse(lacking);
    title_open(argv, environ); /* settings refer to both */
    start_shield(&start);
    enum config_outcome outcome = config_load(&config, argc, argv, environ, complaint);
    if (!has_client(&start, &config)) {
        if (!start.is_network)
            start_unshield(&start);
        return run_mode(outcome, &config, &start, complaint);
    }
    int status, tamed = start_tame(&start, log_wants_journal(config.log));
    open_log(&log, &config, &start);
    if (tamed < 0)
        status = refuse_streams(&log, tamed);
    else if (config.wanted == CONFIG_METRICS)
        status = scrape_serve(&config, &log, outcome == CONFIG_METRICS ? NULL : complaint);
    else if (config.wanted != CONFIG_SERVE)
        status = serve_refuse(&log, EX_USAGE,
                              "the settings do not ask for a session, on a client's connection");
    else if (outcome != CONFIG_SERVE)
        status = serve_refuse(&log, outcome == CONFIG_USAGE ? EX_USAGE : EX_CONFIG, complaint);
    else
        status = serve(&config, &log, start.stop);
    log_close(&log);
    return status;
}
