#include "base/config.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/near.h"
#include "base/value.h"

#define DEFAULT_ROOT       "./ftpserver"
#define DEFAULT_USER       "stord"
#define NO_FILE            "none"
#define ENVIRONMENT_PREFIX "STORD_"

struct option {
    const char *name;     /* long option without its dashes */
    const char *metavar;  /* what the help calls its value; NULL: a flag */
    const char *fallback; /* value when it is not given */
    value_setter *set;
    size_t field;     /* offset in struct config */
    const char *help; /* NULL: a former option, still accepted */
};

#define FIELD(member) offsetof(struct config, member)

static const struct option options[] = {
    {"root", "DIR", DEFAULT_ROOT, value_folder, FIELD(root),
     "folder that receives uploads; only the default is created"},
    {"users", "FILE", NO_FILE, value_file, FIELD(users),
     "who may log in; none: the systemd credential users, if there is one"},
    {"tls", "MODE", "auto", value_tls, FIELD(tls),
     "off, allow (AUTH TLS), require, implicit; auto: allow if there is a certificate"},
    {"tls-cert", "FILE", NO_FILE, value_file, FIELD(tls_cert),
     "certificate chain, PEM; none: the systemd credential tls.crt, if there is one"},
    {"tls-key", "FILE", NO_FILE, value_file, FIELD(tls_key),
     "its key, PEM; none: with the certificate, or the credential tls.key"},
    {"tls-client-ca", "FILE", NO_FILE, value_file, FIELD(tls_client_ca),
     "who signs client certificates, PEM; none: clients are not asked for one"},
    {"tls-require-reuse", NULL, "no", value_flag, FIELD(tls_require_reuse),
     "data connections must resume the TLS session of the control connection"},
    {"tls-lenient-close", NULL, "no", value_flag, FIELD(tls_lenient_close),
     "accept uploads whose TLS ends without close_notify"},
    {"lenient-close", NULL, "no", value_flag, FIELD(lenient_close),
     "accept uploads whose client closes the control connection first"},
    {"anonymous", NULL, "no", value_flag, FIELD(anonymous),
     "anybody may log in as anonymous or ftp, to upload"},
    {"local", NULL, "yes", value_flag, FIELD(local),
     "without a users file, serve clients on this machine without a login; no: behind relays"},
    {"allow", "RIGHTS", "upload,append,replace,list,mkdir", value_rights, FIELD(allow),
     "what clients may do; also: read, rename, delete"},
    {"log", "TARGET", "auto", value_log, FIELD(log), "where to log: auto, stderr, syslog, journal"},
    {"log-level", "LEVEL", "info", value_log_level, FIELD(log_level),
     "what to log: error, warning, info, debug"},
    {"log-format", "FORMAT", "text", value_log_format, FIELD(log_json),
     "lines on standard error: text, json"},
    {"xferlog", "FILE", NO_FILE, value_file, FIELD(xferlog),
     "file that gets a line for each transfer, as wu-ftpd writes it"},
    {"transcript", "DIR", NO_FILE, value_folder, FIELD(transcript),
     "folder that gets a file for each session: commands and replies, without passwords"},
    {"metrics-file", "FILE", NO_FILE, value_file, FIELD(metrics_file),
     "file in which sessions count what they do, for --metrics"},
    {"process-title", NULL, "yes", value_flag, FIELD(process_title),
     "ps shows who is on, and what is being transferred; no: the arguments stay"},
    {"default-type", "TYPE", "ascii", value_type, FIELD(default_ascii),
     "until the client sends TYPE: ascii (as RFC 959 has it), binary"},
    {"passive-ports", "FIRST-LAST", "any", value_ports, FIELD(passive_ports),
     "ports to wait for data connections on"},
    {"passive-address", "ADDRESS", "own", value_address, FIELD(passive_address),
     "IPv4 address that PASV tells clients, behind NAT, or the name of a host that has it"},
    {"unterminated-wait", "MS", "300", value_milliseconds, FIELD(unterminated_wait),
     "silence in ms that ends a command without line end; 0: never"},
    {"login-timeout", "S", "60", value_seconds, FIELD(login_timeout),
     "seconds a client may take to log in"},
    {"idle-timeout", "S", "300", value_seconds, FIELD(idle_timeout),
     "seconds a client may stay silent between commands"},
    {"connect-timeout", "S", "60", value_seconds, FIELD(connect_timeout),
     "seconds to wait for a data connection"},
    {"stall-timeout", "S", "600", value_seconds, FIELD(stall_timeout),
     "seconds a transfer may stand still"},
    {"vanish-wait", "MS", "auto", value_vanish_wait, FIELD(vanish_wait),
     "ms after the data in which a killed client is noticed, without ALLO; auto: as needed"},
    {"resume-hours", "H", "24", value_hours, FIELD(resume_hours),
     "hours that an interrupted upload is kept; 0: never"},
    {"on-conflict", "POLICY", "replace", value_conflict, FIELD(conflict),
     "if a file has that name: replace, rename (keep both), refuse"},
    {"file-mode", "OCTAL", "umask", value_file_mode, FIELD(file_mode),
     "mode of uploads; umask: as the umask leaves it"},
    {"dir-mode", "OCTAL", "umask", value_dir_mode, FIELD(dir_mode),
     "mode of folders that clients make"},
    {"group", "GROUP", "own", value_group, FIELD(group), "group of uploads and folders"},
    {"max-file-size", "SIZE", "none", value_limit, FIELD(max_file_size),
     "largest upload: bytes, or followed by K, M, G or T"},
    {"min-free", "SIZE", "0", value_room, FIELD(min_free),
     "room that uploads leave on the disk: bytes, K, M, G, T, or %"},
    {"names-from", "ENCODING", "raw", value_names, FIELD(names_from),
     "names that are not UTF-8: raw, refuse, or the encoding to read them in"},
    {"gate", "PROGRAM", NO_FILE, value_file, FIELD(gate),
     "program that decides about each upload before it gets its name"},
    {"gate-time", "S", "10", value_gate_time, FIELD(gate_time), "seconds it may take"},
    {"gate-failure", "HOW", "later", value_gate_failure, FIELD(gate_failure_publishes),
     "if it fails: later (keep what came, the client tries again), publish"},
    {"checksum", "LIST", "none", value_checksum, FIELD(checksum),
     "digests of uploads: sha256, sha1, md5, crc32; for the log, and for HASH"},
    {"hash-max", "SIZE", "1G", value_limit, FIELD(hash_max),
     "largest file that HASH reads: bytes, or followed by K, M, G or T, or none"},
    {"events", "LIST", "none", value_events, FIELD(events),
     "given to other programs: uploaded, upload-failed, renamed, removed"},
    {"deliver-hours", "H", "72", value_hours, FIELD(deliver_hours),
     "hours for which --deliver tries an event again"},
    {"tries", "N", "none", value_tries, FIELD(tries), "how often --deliver tries an event"},
    {"batch", NULL, "no", value_flag, FIELD(batch),
     "--deliver gives one run of the program all events that are due"},
    {"append", "HOW", "in-place", value_append, FIELD(copies),
     "APPE adds to the file: in-place, or copy (replaced as a whole)"},
    {"batch-files", "N", "64", value_batch, FIELD(batch_files),
     "inline uploads of a client that does not wait, synced together; 1: each by itself"},
    {"batch-time", "MS", "50", value_milliseconds, FIELD(batch_time),
     "ms after which they are synced, however few they are"},
    {"no-sync", NULL, "no", value_flag, FIELD(no_sync),
     "226 does not wait for the disk: a power cut may lose uploads"},
    {"no-data-connections", NULL, "no", value_flag, FIELD(no_data_connections),
     "inline uploads only: no PASV, EPSV, PORT, EPRT, and no socket can be made"},
    {"user", "USER", DEFAULT_USER, value_user, FIELD(user),
     "system user to become if started as root; root: stay root"},
    {"require-confinement", NULL, "no", value_flag, FIELD(require_confinement),
     "do not serve if the kernel cannot confine the session"},
    /* The mode's twin in the environment, for units: see asks_for_check */
    {"check", NULL, "no", value_flag, FIELD(check), NULL},
    /* Accepted, so that units that still have it keep serving */
    {"debug-confinement", NULL, "no", value_flag, FIELD(retired), NULL},
};

/* What the program does other than serve a session. */
static const struct mode {
    const char *name;
    enum config_outcome outcome;
    bool at_once;     /* whatever else is given, or in the environment */
    const char *twin; /* in the environment; NULL: none */
    const char *help;
} modes[] = {
    {"--check", CONFIG_CHECK, false, "STORD_CHECK",
     "check the set-up, and print what clients would get"},
    {"--hash", CONFIG_HASH, false, NULL, "read a password, and print its hash for the users file"},
    {"--list-users", CONFIG_LIST_USERS, false, NULL,
     "read the users file, and print who is in which line"},
    {"--recount", CONFIG_RECOUNT, false, NULL, "count what homes with a quota hold, and print it"},
    {"--metrics", CONFIG_METRICS, false, NULL,
     "print the figures of --metrics-file, disk and quotas"},
    {"--deliver", CONFIG_DELIVER, false, NULL, "give the events to the program after --"},
    {"--help", CONFIG_HELP, true, NULL, "print this and exit"},
    {"--version", CONFIG_VERSION, true, NULL, "print the version and exit"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]), NAME_SIZE = 64 };

_Static_assert(sizeof(options) / sizeof(options[0]) <= CONFIG_MOST, "too many options");

/* "log-level" -> "STORD_LOG_LEVEL" */
static void environment_name(const struct option *option, char name[NAME_SIZE]) {
    (void)snprintf(name, NAME_SIZE, ENVIRONMENT_PREFIX "%s", option->name);
    for (char *c = name; *c; c++)
        *c = (char)(*c == '-' ? '_' : toupper((unsigned char)*c));
}

static const struct option *find_option(const char *name, size_t length) {
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

static const struct mode *find_mode(const char *argument) {
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i].name, argument) == 0)
            return &modes[i];
    }
    return NULL;
}

static const struct option *find_environment(const char *name, size_t length) {
    char twin[NAME_SIZE];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        environment_name(&options[i], twin);
        if (strlen(twin) == length && memcmp(twin, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

/* Stores value. Returns false and fills error if it is not valid. shown: the name as it was
 * spelt. */
static bool set(struct config *config, const struct option *option, const char *shown,
                int shown_length, const char *value, char error[CONFIG_ERROR_SIZE]) {
    const char *expected = option->set((char *)config + option->field, value);
    config->given[option - options] = true;
    if (!expected)
        return true;
    (void)snprintf(error, CONFIG_ERROR_SIZE, "%.*s wants %s, not \"%s\"", shown_length, shown,
                   expected, value);
    return false;
}

/* Says that no option is called like this, and which one is near. */
static void complain_variable(const char *name, size_t length, char error[CONFIG_ERROR_SIZE]) {
    char twin[NAME_SIZE], near[NAME_SIZE] = "";
    unsigned least = NEAR_NOT;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        environment_name(&options[i], twin);
        unsigned far = near_distance(name, length, twin, strlen(ENVIRONMENT_PREFIX));
        if (far < least && options[i].help)
            memcpy(near, twin, sizeof(near));
        least = far < least && options[i].help ? far : least;
    }
    (void)snprintf(error, CONFIG_ERROR_SIZE,
                   "unknown variable %.*s in the environment%s%s%s (see --help)", (int)length, name,
                   *near ? ": is " : "", near, *near ? " meant?" : "");
}

static void complain_argument(const char *name, size_t length, const char *argument,
                              char error[CONFIG_ERROR_SIZE]) {
    const char *near = NULL;
    unsigned least = NEAR_NOT;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        unsigned far = near_distance(name, length, options[i].name, 0);
        if (far < least && options[i].help)
            near = options[i].name;
        least = far < least && options[i].help ? far : least;
    }
    (void)snprintf(error, CONFIG_ERROR_SIZE, "unknown argument \"%s\"%s%s%s (see --help)", argument,
                   near ? ": is --" : "", near ? near : "", near ? " meant?" : "");
}

static enum config_outcome load_environment(struct config *config, char *const *environment,
                                            char error[CONFIG_ERROR_SIZE]) {
    for (char *const *entry = environment; *entry; entry++) {
        const char *equals = strchr(*entry, '=');
        if (!equals || strncmp(*entry, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) != 0)
            continue;
        size_t length = (size_t)(equals - *entry);
        const struct option *option = find_environment(*entry, length);
        if (!option) {
            complain_variable(*entry, length, error);
            return CONFIG_BAD;
        }
        if (!set(config, option, *entry, (int)length, equals + 1, error))
            return CONFIG_BAD;
    }
    return CONFIG_SERVE;
}

/* Does the environment ask for --check? Looked for by itself, so that a bad variable before it is
 * part of the report, and not of a session. */
static bool asks_for_check(char *const *environment) {
    while (*environment && strcmp(*environment, "STORD_CHECK=yes") != 0)
        environment++;
    return *environment != NULL;
}

/* Reads one option at argv[*at] and moves *at past it. */
static enum config_outcome load_argument(struct config *config, int argc, char *const *argv,
                                         int *at, char error[CONFIG_ERROR_SIZE]) {
    const char *argument = argv[(*at)++];
    const struct mode *mode = find_mode(argument);
    if (mode) {
        config->wanted = mode->outcome;
        return mode->at_once ? mode->outcome : CONFIG_SERVE;
    }
    bool dashes = strncmp(argument, "--", 2) == 0;
    const char *name = dashes ? argument + 2 : argument;
    size_t length = strcspn(name, "=");
    const struct option *option = dashes ? find_option(name, length) : NULL;
    if (!option) {
        complain_argument(name, length, argument, error);
        return CONFIG_USAGE;
    }
    const char *value = NULL;
    if (name[length] == '=')
        value = name + length + 1;
    else if (!option->metavar)
        value = "yes";
    else if (*at < argc)
        value = argv[(*at)++];
    if (!value) {
        (void)snprintf(error, CONFIG_ERROR_SIZE, "%s wants a value", argument);
        return CONFIG_USAGE;
    }
    int shown_length = (int)(length + 2);
    return set(config, option, argument, shown_length, value, error) ? CONFIG_SERVE : CONFIG_USAGE;
}

/* The path of the systemd credential of that name, or NULL if there is none. One that cannot be
 * looked at exists: opening it fails later, and says why. */
static const char *find_credential(const char *name, char path[PATH_MAX]) {
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct stat st;
    if (!folder)
        return NULL;
    if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        return folder; /* which cannot be read as a file */
    return lstat(path, &st) < 0 && errno == ENOENT ? NULL : path;
}

/* The file that an option names, or NULL. */
static const char *file_of(const char *value) {
    return value && strcmp(value, NO_FILE) != 0 ? value : NULL;
}

/* The users file: that of --users, else the systemd credential `users`. */
static const char *find_users(const struct config *config) {
    static char credential[PATH_MAX]; /* static only for its size */
    return config_has(config, "users") ? file_of(config->users)
                                       : find_credential("users", credential);
}

/* Finds certificate and key, and so whether there is TLS at all. Returns false and fills error if
 * one is missing. */
static bool find_tls(struct config *config, char error[CONFIG_ERROR_SIZE]) {
    static char certificate[PATH_MAX], key[PATH_MAX]; /* static only for their size */
    bool given = file_of(config->tls_cert) != NULL;
    config->tls_client_ca = file_of(config->tls_client_ca);
    config->tls_cert = given ? config->tls_cert : find_credential("tls.crt", certificate);
    config->tls_key = file_of(config->tls_key);
    if (!config->tls_key && config->tls_cert)
        config->tls_key = given ? config->tls_cert : find_credential("tls.key", key);
    if (config->tls == TLS_AUTO)
        config->tls =
            config->tls_cert || config->tls_key || config->tls_client_ca ? TLS_ALLOW : TLS_OFF;
    if (config->tls == TLS_OFF || (config->tls_cert && config->tls_key))
        return true;
    (void)snprintf(error, CONFIG_ERROR_SIZE, "TLS wants %s",
                   config->tls_cert
                       ? "a key: the systemd credential tls.key, or --tls-key"
                       : "a certificate: --tls-cert, or the systemd credential tls.crt");
    return false;
}

/* A program follows "--". Returns where the arguments before that end. */
static int find_program(struct config *config, int argc, char *const *argv) {
    int end = 1;
    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    config->program = end < argc ? argv + end + 1 : NULL;
    return end;
}

static bool has_program_if_needed(const struct config *config, char error[CONFIG_ERROR_SIZE]) {
    bool delivers = config->wanted == CONFIG_DELIVER, has = config->program && *config->program;
    if (delivers == has && delivers == (config->program != NULL))
        return true;
    (void)snprintf(error, CONFIG_ERROR_SIZE, "%s (see --help)",
                   delivers ? "--deliver wants a program: -- PROGRAM ARG..."
                            : "only --deliver takes a program");
    return false;
}

enum config_outcome config_load(struct config *ret_config, int argc, char *const *argv,
                                char *const *environment, char error[CONFIG_ERROR_SIZE]) {
    struct config config = {0};
    for (size_t i = 0; i < OPTION_COUNT; i++)
        (void)options[i].set((char *)&config + options[i].field, options[i].fallback);
    config.users = config.tls_cert = config.tls_key = config.tls_client_ca = NULL;
    config.xferlog = config.transcript = config.metrics_file = NULL;
    config.check = asks_for_check(environment);
    config.wanted = config.check ? CONFIG_CHECK : CONFIG_SERVE;
    *ret_config = config; /* good enough to complain with */
    enum config_outcome outcome = load_environment(&config, environment, error);
    enum config_outcome from_arguments = CONFIG_SERVE;
    int at = 1;
    int end = find_program(&config, argc, argv);
    while (at < end && from_arguments == CONFIG_SERVE)
        from_arguments = load_argument(&config, end, argv, &at, error);
    for (; at < end; at++) { /* whoever asks for --check, say, gets no 421 */
        if (find_mode(argv[at]))
            config.wanted = find_mode(argv[at])->outcome;
    }
    if (from_arguments != CONFIG_SERVE)
        outcome = from_arguments; /* --help works in any environment */
    config.users = find_users(&config);
    config.gate = file_of(config.gate);
    config.xferlog = file_of(config.xferlog);
    config.transcript = file_of(config.transcript);
    config.metrics_file = file_of(config.metrics_file);
    bool wants_tls = config.wanted == CONFIG_SERVE || config.wanted == CONFIG_CHECK;
    if (outcome == CONFIG_SERVE && wants_tls && !find_tls(&config, error))
        outcome = CONFIG_BAD;
    if (outcome == CONFIG_SERVE && !has_program_if_needed(&config, error))
        outcome = CONFIG_USAGE;
    if (outcome == CONFIG_SERVE)
        *ret_config = config;
    ret_config->wanted = config.wanted;
    return outcome == CONFIG_SERVE ? config.wanted : outcome;
}

bool config_has(const struct config *config, const char *name) {
    const struct option *option = find_option(name, strlen(name));
    return option && config->given[option - options];
}

bool config_root_is_default(const struct config *config) {
    return strcmp(config->root, DEFAULT_ROOT) == 0;
}

bool config_user_is_default(const struct config *config) {
    return strcmp(config->user, DEFAULT_USER) == 0;
}

void config_print_help(FILE *to) {
    (void)fputs("Usage: handler [OPTION...]\n"
                "Speaks one FTP session on standard input and output, made for receiving uploads.\n"
                "Each option has a twin in the environment; the command line wins.\n\n",
                to);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[NAME_SIZE], twin[NAME_SIZE];
        if (!options[i].help)
            continue;
        (void)snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
                       options[i].metavar ? "=" : "", options[i].metavar ? options[i].metavar : "");
        environment_name(&options[i], twin);
        (void)fprintf(to, "  %-24s %s\n  %-24s [%s, default %s]\n", left, options[i].help, "", twin,
                      options[i].fallback);
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        (void)fprintf(to, "  %-24s %s\n", modes[i].name, modes[i].help);
        if (modes[i].twin)
            (void)fprintf(to, "  %-24s [%s, default no]\n", "", modes[i].twin);
    }
    (void)fputs(
        "\nExit status: 0 when the session is over, 64 wrong command line,\n"
        "78 wrong environment, root or set-up, 71 no connection to serve, or not confined,\n"
        "74 cannot count or print.\n",
        to);
}
