#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ROOT       "./ftpserver"
#define ENVIRONMENT_PREFIX "STORD_"

/* Checks value and stores it at field. Returns NULL, or what value should have been. */
typedef const char *set_function(void *field, const char *value);

struct option {
    const char *name;     /* long option without its dashes */
    const char *metavar;  /* what the help calls its value */
    const char *fallback; /* value when it is not given */
    set_function *set;
    size_t field; /* offset in struct config */
    const char *help;
};

static const char *set_folder(void *field, const char *value) {
    if (*value == '\0')
        return "a folder";
    *(const char **)field = value;
    return NULL;
}

static const char *set_rights(void *field, const char *value) {
    int rights = rights_parse(value);
    if (rights < 0)
        return "a comma list of upload, append, replace, list, read, mkdir, rename, delete";
    *(unsigned *)field = (unsigned)rights;
    return NULL;
}

/* Index of value in words (NULL-terminated), or -1. */
static int find_word(const char *const *words, const char *value) {
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0)
            return i;
    }
    return -1;
}

static const char *set_log(void *field, const char *value) {
    static const char *const words[] = {"auto", "stderr", "syslog", "journal", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "auto, stderr, syslog or journal";
    *(enum log_target *)field = (enum log_target)i;
    return NULL;
}

static const char *set_log_level(void *field, const char *value) {
    static const char *const words[] = {"error", "warning", "info", "debug", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "error, warning, info or debug";
    *(enum log_level *)field = (enum log_level)i;
    return NULL;
}

/* A whole decimal number between least and most into *ret; false when it is none. */
static bool parse_number(const char *value, unsigned long least, unsigned long most,
                         unsigned long *ret) {
    if (!isdigit((unsigned char)*value))
        return false;
    char *end;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    if (errno || *end || n < least || n > most)
        return false;
    *ret = n;
    return true;
}

static const char *set_milliseconds(void *field, const char *value) {
    unsigned long n;
    if (!parse_number(value, 0, 60000, &n))
        return "milliseconds from 0 to 60000";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

static const char *set_seconds(void *field, const char *value) {
    unsigned long n;
    if (!parse_number(value, 1, 86400, &n))
        return "seconds from 1 to 86400";
    *(unsigned *)field = (unsigned)n;
    return NULL;
}

static const char *set_type(void *field, const char *value) {
    static const char *const words[] = {"binary", "ascii", NULL};
    int i = find_word(words, value);
    if (i < 0)
        return "ascii or binary";
    *(bool *)field = i == 1;
    return NULL;
}

/* "first-last", or "any". */
static const char *set_ports(void *field, const char *value) {
    static const char expected[] = "two ports from 1024 on, as in 50000-50099, or any";
    char first[8];
    unsigned long a = 0, b = 0;
    size_t length = strcspn(value, "-");
    if (strcmp(value, "any") != 0) {
        if (value[length] != '-' || length >= sizeof(first))
            return expected;
        memcpy(first, value, length);
        first[length] = '\0';
        if (!parse_number(first, 1024, 65535, &a) ||
            !parse_number(value + length + 1, a, 65535, &b))
            return expected;
    }
    *(struct port_range *)field = (struct port_range){(unsigned short)a, (unsigned short)b};
    return NULL;
}

static const char *set_address(void *field, const char *value) {
    struct in_addr address = {0};
    if (strcmp(value, "own") != 0 && (inet_pton(AF_INET, value, &address) != 1 || !address.s_addr))
        return "an IPv4 address, or own";
    *(struct in_addr *)field = address;
    return NULL;
}

#define FIELD(member) offsetof(struct config, member)

static const struct option options[] = {
    {"root", "DIR", DEFAULT_ROOT, set_folder, FIELD(root),
     "folder that receives uploads; only the default is created"},
    {"allow", "RIGHTS", "upload,append,replace,list,mkdir", set_rights, FIELD(allow),
     "what clients may do; also: read, rename, delete"},
    {"log", "TARGET", "auto", set_log, FIELD(log), "where to log: auto, stderr, syslog, journal"},
    {"log-level", "LEVEL", "info", set_log_level, FIELD(log_level),
     "what to log: error, warning, info, debug"},
    {"default-type", "TYPE", "ascii", set_type, FIELD(default_ascii),
     "until the client sends TYPE: ascii (as RFC 959 has it), binary"},
    {"passive-ports", "FIRST-LAST", "any", set_ports, FIELD(passive_ports),
     "ports to wait for data connections on"},
    {"passive-address", "IPV4", "own", set_address, FIELD(passive_address),
     "address that PASV tells clients, behind NAT; never bound to"},
    {"unterminated-wait", "MS", "300", set_milliseconds, FIELD(unterminated_wait),
     "silence in ms that ends a command without line end; 0: never"},
    {"login-timeout", "S", "60", set_seconds, FIELD(login_timeout),
     "seconds a client may take to log in"},
    {"idle-timeout", "S", "300", set_seconds, FIELD(idle_timeout),
     "seconds a client may stay silent between commands"},
    {"connect-timeout", "S", "60", set_seconds, FIELD(connect_timeout),
     "seconds to wait for a data connection"},
    {"stall-timeout", "S", "600", set_seconds, FIELD(stall_timeout),
     "seconds a transfer may stand still"},
};

enum { OPTION_COUNT = sizeof(options) / sizeof(options[0]), NAME_SIZE = 64 };

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

static const struct option *find_environment(const char *name, size_t length) {
    char twin[NAME_SIZE];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        environment_name(&options[i], twin);
        if (strlen(twin) == length && memcmp(twin, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

/* Stores value; false with error filled when it is not good. shown: how the user spelt the name. */
static bool set(struct config *config, const struct option *option, const char *shown,
                int shown_length, const char *value, char error[CONFIG_ERROR_SIZE]) {
    const char *expected = option->set((char *)config + option->field, value);
    if (!expected)
        return true;
    (void)snprintf(error, CONFIG_ERROR_SIZE, "%.*s wants %s, not \"%s\"", shown_length, shown,
                   expected, value);
    return false;
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
            (void)snprintf(error, CONFIG_ERROR_SIZE,
                           "unknown variable %.*s in the environment (see --help)", (int)length,
                           *entry);
            return CONFIG_BAD;
        }
        if (!set(config, option, *entry, (int)length, equals + 1, error))
            return CONFIG_BAD;
    }
    return CONFIG_SERVE;
}

/* Reads one option at argv[*at] and moves *at behind it. */
static enum config_outcome load_argument(struct config *config, int argc, char *const *argv,
                                         int *at, char error[CONFIG_ERROR_SIZE]) {
    const char *argument = argv[(*at)++];
    if (strcmp(argument, "--help") == 0)
        return CONFIG_HELP;
    if (strcmp(argument, "--version") == 0)
        return CONFIG_VERSION;
    bool dashes = strncmp(argument, "--", 2) == 0;
    const char *name = dashes ? argument + 2 : argument;
    size_t length = strcspn(name, "=");
    const struct option *option = dashes ? find_option(name, length) : NULL;
    if (!option) {
        (void)snprintf(error, CONFIG_ERROR_SIZE, "unknown argument \"%s\" (see --help)", argument);
        return CONFIG_USAGE;
    }
    const char *value = NULL;
    if (name[length] == '=')
        value = name + length + 1;
    else if (*at < argc)
        value = argv[(*at)++];
    if (!value) {
        (void)snprintf(error, CONFIG_ERROR_SIZE, "%s wants a value", argument);
        return CONFIG_USAGE;
    }
    int shown_length = (int)(length + 2);
    return set(config, option, argument, shown_length, value, error) ? CONFIG_SERVE : CONFIG_USAGE;
}

enum config_outcome config_load(struct config *ret_config, int argc, char *const *argv,
                                char *const *environment, char error[CONFIG_ERROR_SIZE]) {
    struct config config = {0};
    for (size_t i = 0; i < OPTION_COUNT; i++)
        (void)options[i].set((char *)&config + options[i].field, options[i].fallback);
    *ret_config = config; /* good enough to complain with */
    enum config_outcome outcome = load_environment(&config, environment, error);
    enum config_outcome from_arguments = CONFIG_SERVE;
    for (int i = 1; i < argc && from_arguments == CONFIG_SERVE;)
        from_arguments = load_argument(&config, argc, argv, &i, error);
    if (from_arguments != CONFIG_SERVE)
        outcome = from_arguments; /* --help works in any environment */
    if (outcome == CONFIG_SERVE)
        *ret_config = config;
    return outcome;
}

bool config_root_is_default(const struct config *config) {
    return strcmp(config->root, DEFAULT_ROOT) == 0;
}

void config_print_help(FILE *to) {
    (void)fputs("Usage: handler [OPTION...]\n"
                "Speaks one FTP session on standard input and output, made for receiving uploads.\n"
                "Each option has a twin in the environment; the command line wins.\n\n",
                to);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[NAME_SIZE], twin[NAME_SIZE];
        (void)snprintf(left, sizeof(left), "--%s=%s", options[i].name, options[i].metavar);
        environment_name(&options[i], twin);
        (void)fprintf(to, "  %-24s %s\n  %-24s [%s, default %s]\n", left, options[i].help, "", twin,
                      options[i].fallback);
    }
    (void)fputs("  --help                   print this and exit\n"
                "  --version                print the version and exit\n\n"
                "Exit status: 0 when the session is over, 64 wrong command line,\n"
                "78 wrong environment or root, 71 no connection to serve.\n",
                to);
}
