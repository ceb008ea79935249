#include "serve.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/descriptors.h"
#include "base/digest.h"
#include "base/path.h"
#include "base/rights.h"
#include "base/scratch.h"
#include "gate/gate.h"
#include "log/append.h"
#include "log/log.h"
#include "log/metrics.h"
#include "loop.h"
#include "net/control.h"
#include "net/dial.h"
#include "net/lookup.h"
#include "net/peer.h"
#include "sandbox/sandbox.h"
#include "session/names.h"
#include "session/secure.h"
#include "session/session.h"
#include "session/transcript.h"
#include "session/truth.h"
#include "store/daily.h"
#include "store/notice.h"
#include "store/usage.h"
#include "users/account.h"
#include "users/helper.h"
#include "users/privileges.h"

#define CERTIFICATE_MARK PATH_RESERVED_PREFIX "certificate"

enum {
    REFUSAL_TIME = 1000, /* ms that a client may take to read the 421 */
    DAY = 24 * 60 * 60,  /* s */
    SOON = 14 * DAY      /* s before the certificate expires in which to warn */
};

void serve_refuse_at(int in, int out) {
    static const char reply[] = "421 Service not available: see the server's log\r\n";
    struct control client;
    control_open(&client, in, out, -1);
    (void)control_write(&client, reply, sizeof(reply) - 1, REFUSAL_TIME);
    if (control_has_unread(&client))
        control_drain(&client, REFUSAL_TIME);
}

int serve_refuse(const struct log *log, int status, const char *complaint) {
    log_event(log, EVENT_CANNOT_START, "Cannot start: %s", complaint);
    serve_refuse_at(DESCRIPTOR_IN, DESCRIPTOR_OUT);
    return status;
}

/* The parts of a session while they are being made. */
struct making {
    struct session_parts parts; /* which are the following, or what serve was given */
    struct peer peer;
    struct privileges_target user;
    bool found;  /* `user` is the one to become */
    bool counts; /* the metrics have been opened, or cannot be */
    struct helper helper;
    struct gate gate;
    struct notices notices;
    struct secure_setup secure;
    struct path_root root;
    struct dial dial;
    struct names names;
    char boot[USAGE_TEXT_BOOT_SIZE];
    struct sandbox_state sandbox;
    char complaint[CONFIG_ERROR_SIZE]; /* why a session cannot be made */
};

/* Keeps the complaint. Returns the error. */
__attribute__((format(printf, 3, 4))) static int complain(struct making *making, int error,
                                                          const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(making->complaint, sizeof(making->complaint), format, arguments);
    va_end(arguments);
    return error;
}

/* Started by hand as root: the owner of the root folder, whose files must stay its own. A folder of
 * root's leaves nobody to become. */
static int find_owner(struct making *making) {
    char owner[16];
    struct stat st;
    if (stat(making->parts.config->root, &st) < 0)
        st.st_uid = 0;
    (void)snprintf(owner, sizeof(owner), "%u", (unsigned)st.st_uid);
    making->found = st.st_uid != 0 && privileges_find(owner, &making->user) == 0;
    if (making->found)
        return 0;
    log_event(making->parts.log, EVENT_SERVING_AS_ROOT,
              "Serving as root: on a pipe, no super-server has named a client, and the folder is "
              "root's");
    making->user.wanted = false;
    return 0;
}

/* Finds the system user to become. Started as root, serves as root only if --user says so, or if
 * started by hand. A user that is named must exist, also where nothing is to be given up. */
static int find_user(struct making *making) {
    const struct config *config = making->parts.config;
    bool by_hand = making->peer.kind == PEER_PIPE && !making->peer.relayed;
    const char *hint = strchr(config->user, '/') ? " (is --users meant?)" : "";
    int result = privileges_find(config->user, &making->user);
    making->found = result == 0;
    if (by_hand && (result < 0 || making->user.wanted) && !config_has(config, "user"))
        return find_owner(making);
    if (result < 0)
        return complain(making, result,
                        "started as root, and there is no user %.64s to become: see --user%s",
                        config->user, hint);
    if (!making->user.wanted && !config_user_is_default(config) && !privileges_exists(config->user))
        return complain(making, -ENOENT, "--user: there is no user %.64s%s", config->user, hint);
    return 0;
}

/* Starts the credential helper, which may read more than the session: before the session is
 * confined, and before it has the key. */
static int start_helper(struct making *making) {
    const struct helper_setup setup = {.file = making->parts.config->users,
                                       .peer = &making->peer,
                                       .log = making->parts.log,
                                       .config = making->parts.config,
                                       .user = &making->user};
    int result = setup.file ? helper_start(&making->helper, &setup) : 0;
    return result < 0 ? complain(making, result, "credential helper: %s", strerror(-result)) : 0;
}

/* The gatekeeper, too, is started before the process has the key. */
static int start_gate(struct making *making) {
    const struct config *config = making->parts.config;
    const struct gate_setup setup = {.program = config->gate,
                                     .time = config->gate_time,
                                     .metrics = config->metrics_file,
                                     .log = making->parts.log,
                                     .user = &making->user};
    int result = setup.program ? gate_start(&making->gate, &setup) : 0;
    return result < 0 ? complain(making, result, "gate: %s", strerror(-result)) : 0;
}

/* By the rights of the user whom the session is now. */
static int check_gate(struct making *making) {
    const char *program = making->parts.config->gate;
    const char *fault = program ? gate_fault(program) : NULL;
    return fault ? complain(making, -EPERM, "gate %.300s: %s", program, fault) : 0;
}

static int load_tls(struct making *making) {
    char reason[TLS_ERROR_SIZE];
    int result = secure_open(making->parts.config, &making->secure, reason);
    return result < 0 ? complain(making, result, "TLS: %s", reason) : 0;
}

static int load_digest(struct making *making) {
    const char *error = NULL;
    if (!making->parts.config->checksum)
        return 0;
    making->parts.digest = digest_load(&error);
    return making->parts.digest ? 0 : complain(making, -ELIBACC, "checksums: %s", error);
}

/* Gives up root for all that follows. */
static int become_user(struct making *making) {
    int result = privileges_drop(&making->user);
    return result < 0 ? complain(making, result, "cannot become %.64s: %s",
                                 making->parts.config->user, strerror(-result))
                      : 0;
}

/* The absolute form of a path, for the log. */
static const char *absolute(const char *path) {
    char *room = scratch_take(PATH_MAX);
    if (!realpath(path, room))
        (void)snprintf(room, PATH_MAX, "%s", path);
    scratch_keep(room, strlen(room) + 1);
    return room;
}

static int open_root(struct making *making) {
    const struct config *config = making->parts.config;
    int result = path_root_open(&making->root, config->root, config_root_is_default(config));
    if (result < 0)
        return complain(making, result, "root %.400s: %s", config->root, strerror(-result));
    making->parts.folder = absolute(config->root);
    return 0;
}

/* A certificate that expires soon is told once a day by the sessions that there are: from then on
 * nobody is served. Nothing is made, or written, before. */
static int watch_certificate(struct making *making) {
    const struct secure_setup *secure = &making->secure;
    if (!secure->library)
        return 0;
    const time_t expires = secure->library->expires(secure->context), left = expires - time(NULL);
    struct tm parts = {0};
    if (left >= SOON || expires == 0 || daily_take(&making->root, CERTIFICATE_MARK) <= 0)
        return 0;
    (void)gmtime_r(&expires, &parts);
    log_event(
        making->parts.log, EVENT_CERTIFICATE_ENDS,
        "The certificate %s expires on %04d-%02d-%02d, in %lld days, and no session is served "
        "from then on",
        making->parts.config->tls_cert, parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
        (long long)(left / DAY));
    return 0;
}

/* A folder that is another user's is a set-up that does not work. If it cannot be made, uploads are
 * put off (451) until it can. */
static int open_notices(struct making *making) {
    const struct config *config = making->parts.config;
    if (!config->events)
        return 0;
    int result = notices_open(&making->notices, making->root.fd, config->no_sync);
    making->parts.notices = &making->notices;
    if (result == -EPERM)
        return complain(making, result, "%.400s/" NOTICE_FOLDER ": it is not this user's folder",
                        config->root);
    if (result < 0)
        log_event(making->parts.log, EVENT_NOTICE_LOST, "No events can be written: %s",
                  strerror(-result));
    return 0;
}

/* What sessions have left that died: here all of the root can still be looked at. */
static void recover_notices(struct making *making) {
    struct truth truth = {&making->root, making->boot};
    if (!making->parts.notices || making->notices.pending < 0)
        return;
    int result = notices_recover(&making->notices, truth_judge, &truth);
    if (result < 0)
        log_event(making->parts.log, EVENT_NOTICE_LOST,
                  "Events of sessions that died cannot be recovered: %s", strerror(-result));
}

static int open_dial(struct making *making) {
    int result =
        making->parts.config->no_data_connections ? 0 : dial_open(&making->dial, &making->peer);
    return result < 0 ? complain(making, result, "active mode: %s", strerror(-result)) : 0;
}

/* A side file (see append) cannot be opened. A reason that may pass by the next session, such as a
 * full disk, does not prevent uploads. */
static int lack_side_file(struct making *making, int error, const char *what, const char *path) {
    const char *reason = error == -ENXIO ? "not a plain file" : strerror(-error);
    if (!append_may_pass(error))
        return complain(making, error, "%s %.400s: %s", what, path, reason);
    log_event(making->parts.log, EVENT_RECORD_BROKEN, "Continuing without the %s %s: %s", what,
              path, reason);
    return 0;
}

/* Side files are opened as the system user, before the session is confined. */
static int open_xferlog(struct making *making) {
    static struct xferlog xferlog;
    const char *file = making->parts.config->xferlog;
    int result = file ? xferlog_open(&xferlog, file) : 0;
    if (result < 0)
        return lack_side_file(making, result, "xferlog", file);
    making->parts.xferlog = file ? &xferlog : NULL;
    return 0;
}

/* What is wrong with this file costs figures, and no uploads. */
static int open_metrics(struct making *making) {
    const char *file = making->parts.config->metrics_file;
    making->counts = true;
    int result = file ? metrics_open(file) : 0;
    if (result < 0)
        log_event(making->parts.log, EVENT_RECORD_BROKEN, "Continuing without the metrics %s: %s",
                  file, metrics_reason(result));
    else if (file)
        metrics_show_session();
    return 0;
}

static int open_transcript(struct making *making) {
    static struct transcript transcript; /* static only for its size */
    const char *folder = making->parts.config->transcript;
    int result = folder ? transcript_open(&transcript, folder, making->parts.log) : 0;
    if (result < 0)
        return lack_side_file(making, result, "transcript", folder);
    making->parts.transcript = folder ? &transcript : NULL;
    return 0;
}

/* Looks up the name that --passive-address is. If it is not found, PASV tells our own address:
 * clients that upload inline, use EPSV, or come from inside are served. */
static int look_up_told(struct making *making) {
    const struct config *config = making->parts.config;
    const struct told *told = &config->passive_address;
    making->parts.told = told->address;
    if (!told->name || config->no_data_connections)
        return 0;
    const char *error = lookup_ipv4(told->name, &making->parts.told);
    if (error)
        log_event(making->parts.log, EVENT_ADDRESS_UNKNOWN,
                  "PASV tells the address of this machine: --passive-address %s is not found: %s",
                  told->name, error);
    return 0;
}

static int open_names(struct making *making) {
    int result = names_open(&making->names, making->parts.config->names_from);
    return result < 0 ? complain(making, result, "--names-from: %.64s is %s",
                                 making->parts.config->names_from, names_complaint)
                      : 0;
}

static int confine(struct making *making, struct turns *turns) {
    const struct sandbox sandbox = {.config = making->parts.config,
                                    .log = making->parts.log,
                                    .root = &making->root,
                                    .notices = making->parts.notices,
                                    .rights = account_most_rights(making->parts.config),
                                    .dial = &making->dial,
                                    .helper = making->helper.fd < 0 ? -1 : making->helper.pid};
    if (rights_cannot_write(sandbox.rights))
        turns_join(turns);
    int result = sandbox_enter(&sandbox, &making->sandbox);
    return result < 0 ? complain(making, result, "cannot be confined: %s", strerror(-result)) : 0;
}

/* Makes the parts in this order. Returns 0, or a negative errno with making->complaint. */
static int make(struct making *making) {
    static int (*const steps[])(struct making *) = {
        find_user,    start_gate,   start_helper,    load_tls,     load_digest,       become_user,
        check_gate,   open_metrics, open_root,       open_notices, watch_certificate, open_dial,
        look_up_told, open_xferlog, open_transcript, open_names};
    int result = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == 0; i++)
        result = steps[i](making);
    if (result < 0 && !making->counts && making->found && become_user(making) == 0)
        (void)open_metrics(making); /* what fails early is counted, too */
    return result;
}

/* Confines and speaks the session. Returns the exit status. */
static int speak(struct making *making) {
    static struct session session; /* static only for its size: nothing else refers to it */
    usage_boot(making->boot);
    recover_notices(making);
    clock_be_exact(); /* not allowed any more once the session is confined */
    session_init(&session, &making->parts);
    if (confine(making, &session.turns) < 0) {
        helper_end(&making->helper);
        return serve_refuse(making->parts.log, EX_OSERR, making->complaint);
    }
    loop_run(&session);
    helper_end(&session.who.helper);
    return EX_OK;
}

int serve(const struct config *config, struct log *log, int stop) {
    struct making *making = scratch_take(sizeof(*making)); /* for as long as the process lives */
    memset(making, 0, sizeof(*making));
    making->helper.fd = making->gate.fd = -1;
    making->parts = (struct session_parts){.config = config,
                                           .log = log,
                                           .boot = making->boot,
                                           .peer = &making->peer,
                                           .root = &making->root,
                                           .dial = &making->dial,
                                           .helper = &making->helper,
                                           .gate = &making->gate,
                                           .secure = &making->secure,
                                           .names = &making->names,
                                           .sandbox = &making->sandbox,
                                           .in = DESCRIPTOR_IN,
                                           .out = DESCRIPTOR_OUT,
                                           .stop = stop};
    int result = peer_identify(&making->peer, DESCRIPTOR_IN);
    if (result < 0) { /* a client that is already gone is not a failure */
        log_event(log, EVENT_NO_CLIENT, "No client: %s", strerror(-result));
        return result == -ENOTCONN ? EX_OK : EX_OSERR;
    }
    log_set_peer(log, making->peer.text);
    log_event(log, EVENT_ACCEPTED, "Accepted connection from %s", making->peer.text);
    result = make(making);
    int status = EX_CONFIG;
    if (result == 0) {
        status = speak(making);
    } else {
        helper_end(&making->helper);
        (void)serve_refuse(log, EX_CONFIG, making->complaint);
    }
    log_set_peer(log, NULL);
    return status;
}
