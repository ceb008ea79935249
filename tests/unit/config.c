#include "base/config.c"
#include "base/near.c"
#include "base/rights.c"
#include "base/value.c"

#include "check.h"

static struct config config;
static char error[CONFIG_ERROR_SIZE];

/* NULL-terminated environment and up to three arguments. */
static enum config_outcome load(const char *variable, const char *a, const char *b, const char *c) {
    char *environment[] = {(char *)(variable ? variable : "HOME=/"), NULL};
    char *arguments[] = {(char *)"handler", (char *)a, (char *)b, (char *)c, NULL};
    int count = 1 + (a != NULL) + (b != NULL) + (c != NULL);
    error[0] = '\0';
    return config_load(&config, count, arguments, environment, error);
}

static void defaults(void) {
    CHECK(load(NULL, NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(strcmp(config.root, "./ftpserver") == 0 && config_root_is_default(&config));
    CHECK(config.log == LOG_TARGET_AUTO && config.log_level == LOG_LEVEL_INFO);
    CHECK(config.unterminated_wait == 300 && config.idle_timeout == 300);
}

static void arguments_win_over_the_environment(void) {
    CHECK(load("STORD_ROOT=/env", NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(strcmp(config.root, "/env") == 0 && !config_root_is_default(&config));
    CHECK(load("STORD_ROOT=/env", "--root", "/arg", NULL) == CONFIG_SERVE);
    CHECK(strcmp(config.root, "/arg") == 0);
    CHECK(load("STORD_LOG_LEVEL=debug", "--root=/a=b", NULL, NULL) == CONFIG_SERVE);
    CHECK(strcmp(config.root, "/a=b") == 0 && config.log_level == LOG_LEVEL_DEBUG);
    CHECK(load("STORDX=1", NULL, NULL, NULL) == CONFIG_SERVE);
}

static void bad_arguments(void) {
    CHECK(load(NULL, "--rooot", "/x", NULL) == CONFIG_USAGE && strstr(error, "--rooot"));
    CHECK(load(NULL, "--root", NULL, NULL) == CONFIG_USAGE && strstr(error, "value"));
    CHECK(load(NULL, "--root=", NULL, NULL) == CONFIG_USAGE);
    CHECK(load(NULL, "-root", "/x", NULL) == CONFIG_USAGE);
    CHECK(load(NULL, "extra", NULL, NULL) == CONFIG_USAGE && strstr(error, "extra"));
    CHECK(load(NULL, "--roo", "/x", NULL) == CONFIG_USAGE);
    static const char *const numbers[] = {"0",  "-1",    "+5",   "5x",
                                          "",   "86401", "1e3",  "99999999999999999999",
                                          " 5", "5 ",    "0x10", "ten"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        CHECK(load(NULL, "--idle-timeout", numbers[i], NULL) == CONFIG_USAGE);
        CHECK(strstr(error, "--idle-timeout wants seconds from 1 to 86400") != NULL);
    }
    CHECK(load(NULL, "--log=nowhere", NULL, NULL) == CONFIG_USAGE && strstr(error, "nowhere"));
}

static void the_environment_asks_for_a_check(void) {
    CHECK(load("STORD_CHECK=yes", NULL, NULL, NULL) == CONFIG_CHECK && config.check);
    CHECK(load("STORD_CHECK=no", NULL, NULL, NULL) == CONFIG_SERVE && !config.check);
    CHECK(load("STORD_CHECK=maybe", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(load(NULL, "--check", NULL, NULL) == CONFIG_CHECK && !config.check);
    /* what is wrong is a part of the report */
    char *environment[] = {(char *)"STORD_X=1", (char *)"STORD_CHECK=yes", NULL};
    char *arguments[] = {(char *)"handler", NULL};
    CHECK(config_load(&config, 1, arguments, environment, error) == CONFIG_BAD);
    CHECK(config.wanted == CONFIG_CHECK && config.check);
    CHECK(load("STORD_CHECK=yes", "--hash", NULL, NULL) == CONFIG_HASH);
}

static void bad_environment(void) {
    CHECK(load("STORD_ROOTT=/x", NULL, NULL, NULL) == CONFIG_BAD && strstr(error, "STORD_ROOTT"));
    CHECK(load("STORD_=x", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(load("STORD_IDLE_TIMEOUT=never", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(strstr(error, "STORD_IDLE_TIMEOUT wants") != NULL);
    CHECK(load("STORD_ROOTT=/x", "--help", NULL, NULL) == CONFIG_HELP);
}

/* Whoever has left one in a unit is served as before. */
static void options_that_there_were(void) {
    CHECK(load("STORD_DEBUG_CONFINEMENT=yes", NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(load("STORD_DEBUG_CONFINEMENT=no", NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(load(NULL, "--debug-confinement", "--root", "/x") == CONFIG_SERVE);
    CHECK(strcmp(config.root, "/x") == 0);
}

static void rights_are_words(void) {
    CHECK(load(NULL, NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(config.allow == (RIGHT_UPLOAD | RIGHT_APPEND | RIGHT_REPLACE | RIGHT_LIST | RIGHT_MKDIR));
    CHECK(load(NULL, "--allow", "read,delete", NULL) == CONFIG_SERVE);
    CHECK(config.allow == (RIGHT_READ | RIGHT_DELETE));
    CHECK(load(NULL, "--allow=", NULL, NULL) == CONFIG_SERVE && config.allow == 0);
    static const char *const bad[] = {"reading",       "upload,", ",upload", "upload list",
                                      "upload, ,list", " ",       "all"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(load(NULL, "--allow", bad[i], NULL) == CONFIG_USAGE);
}

static bool takes(const char *option, const char *value) {
    return load(NULL, option, value, NULL) == CONFIG_SERVE;
}

static void sizes_have_units(void) {
    CHECK(takes("--max-file-size", "none") && config.max_file_size == VALUE_UNLIMITED);
    CHECK(takes("--max-file-size", "1") && config.max_file_size == 1);
    CHECK(takes("--max-file-size", "3k") && config.max_file_size == 3072);
    CHECK(takes("--max-file-size", "5000000000") &&
          config.max_file_size == 5000000000); /* beyond 32 bits */
    CHECK(takes("--max-file-size", "2T") && config.max_file_size == (uint64_t)2 << 40);
    CHECK(takes("--max-file-size", "100MB") && config.max_file_size == 100 << 20);
    CHECK(takes("--max-file-size", "100 mib") && config.max_file_size == 100 << 20);
    CHECK(takes("--min-free", "7B") && config.min_free.bytes == 7);
    CHECK(takes("--max-file-size", "8388607T"));
    CHECK(takes("--max-file-size", "9223372036854775807"));
    CHECK(takes("--min-free", "5%") && config.min_free.percent == 5 && config.min_free.bytes == 0);
    CHECK(takes("--min-free", "1M") && config.min_free.percent == 0);
    CHECK(config.min_free.bytes == 1 << 20);
    static const char *const bad[] = {"",   "K",   "1KK", "1  K",     "-1",
                                      "1P", "1.5", "0x1", "8388608T", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!takes("--max-file-size", bad[i]) && !takes("--min-free", bad[i]));
    CHECK(!takes("--max-file-size", "0") && takes("--min-free", "0"));
    CHECK(!takes("--min-free", "100%") && !takes("--min-free", "%") && !takes("--min-free", "5%%"));
}

static void times_have_units(void) {
    static const char *const bad[] = {"",    "s",  "1x",  "1 ",  "1.5h",
                                      "25h", "0s", "-1s", "5ms", "999999999999999999999s"};
    CHECK(takes("--idle-timeout", "30s") && config.idle_timeout == 30);
    CHECK(takes("--idle-timeout", "5 min") && config.idle_timeout == 300);
    CHECK(takes("--idle-timeout", "5m") && config.idle_timeout == 300);
    CHECK(takes("--idle-timeout", "24H") && config.idle_timeout == 86400);
    CHECK(takes("--resume-hours", "2d") && config.resume_hours == 48);
    CHECK(takes("--batch-time", "2s") && config.batch_time == 2000);
    CHECK(takes("--vanish-wait", "20ms") && config.vanish_wait == 20);
    CHECK(!takes("--batch-time", "5m") &&
          !takes("--resume-hours", "5m")); /* could mean two things */
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!takes("--idle-timeout", bad[i]));
    CHECK(takes("--passive-ports", "50000:50099") && config.passive_ports.last == 50099);
    CHECK(takes("--allow", "upload, list") && config.allow == (RIGHT_UPLOAD | RIGHT_LIST));
}

static void addresses_may_be_names(void) {
    static const char *const bad[] = {"",    "1.2.3", "1.2.3.4.5", "256.1.1.1", "0.0.0.0",
                                      "::1", "a b",   "-a",        "a/b",       "host.1"};
    CHECK(takes("--passive-address", "own") && !config.passive_address.name);
    CHECK(takes("--passive-address", "192.0.2.1") && !config.passive_address.name);
    CHECK(takes("--passive-address", "home.example.net"));
    CHECK(strcmp(config.passive_address.name, "home.example.net") == 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!takes("--passive-address", bad[i]));
}

static bool suggests(const char *variable, const char *meant) {
    return load(variable, NULL, NULL, NULL) == CONFIG_BAD &&
           (meant ? strstr(error, meant) != NULL : strstr(error, "meant") == NULL);
}

static void unknown_ones_have_neighbours(void) {
    CHECK(suggests("STORD_ROOTT=/x", "is STORD_ROOT meant?"));
    CHECK(suggests("STORD_USRES=/x", "is STORD_USERS meant?"));
    CHECK(suggests("STORD_MAXFILESIZE=1", "is STORD_MAX_FILE_SIZE meant?"));
    CHECK(suggests("STORD_USERS_FILE=/x", "is STORD_USERS meant?"));
    CHECK(suggests("STORD_CERT=/x", "is STORD_TLS_CERT meant?"));
    CHECK(suggests("STORD_XYZZY=1", NULL) && suggests("STORD_=1", NULL) &&
          suggests("STORD_DEBUG=1", NULL));
    CHECK(load(NULL, "--rooot", "/x", NULL) == CONFIG_USAGE && strstr(error, "is --root meant?"));
    CHECK(load(NULL, "--", "/x", NULL) == CONFIG_USAGE && !strstr(error, "meant"));
}

static void modes_are_octal(void) {
    CHECK(takes("--file-mode", "umask") && config.file_mode == VALUE_NO_MODE);
    CHECK(takes("--file-mode", "0640") && config.file_mode == 0640);
    CHECK(takes("--file-mode", "0") && config.file_mode == 0);
    CHECK(takes("--dir-mode", "2770") && config.dir_mode == 02770);
    static const char *const bad[] = {"", "8", "rw", "0x1", "-1", "4777", "00000777", "7 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!takes("--file-mode", bad[i]) && !takes("--dir-mode", bad[i]));
    CHECK(!takes("--file-mode", "1777") && takes("--dir-mode", "1777"));
}

static void groups_are_names_or_numbers(void) {
    CHECK(takes("--group", "own") && config.group == VALUE_NO_GROUP);
    CHECK(takes("--group", "0") && config.group == 0);
    CHECK(takes("--group", "root") && config.group == 0);
    CHECK(!takes("--group", "no such group") && !takes("--group", "4294967295"));
}

static void flags_have_no_value(void) {
    CHECK(load(NULL, NULL, NULL, NULL) == CONFIG_SERVE && !config.no_sync);
    CHECK(load(NULL, "--no-sync", NULL, NULL) == CONFIG_SERVE && config.no_sync);
    CHECK(load(NULL, "--no-sync", "--log=stderr", NULL) == CONFIG_SERVE && config.no_sync);
    CHECK(load(NULL, "--no-sync=no", NULL, NULL) == CONFIG_SERVE && !config.no_sync);
    CHECK(load("STORD_NO_SYNC=yes", NULL, NULL, NULL) == CONFIG_SERVE && config.no_sync);
    CHECK(load("STORD_NO_SYNC=0", NULL, NULL, NULL) == CONFIG_SERVE && !config.no_sync);
    CHECK(load("STORD_NO_SYNC=", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(load(NULL, "--no-sync", "yes", NULL) == CONFIG_USAGE);
}

static void every_row_has_a_good_default(void) {
    struct config scratch;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char name[NAME_SIZE];
        environment_name(&options[i], name);
        CHECK(find_environment(name, strlen(name)) == &options[i]);
        CHECK(options[i].set((char *)&scratch + options[i].field, options[i].fallback) == NULL);
    }
}

int main(void) {
    check_run("options: defaults", defaults);
    check_run("options: the command line wins over the environment",
              arguments_win_over_the_environment);
    check_run("options: a wrong command line is refused", bad_arguments);
    check_run("options: the environment can ask for a check", the_environment_asks_for_a_check);
    check_run("options: unknown and wrong STORD_ variables are refused", bad_environment);
    check_run("options: what there was once is taken, and means nothing", options_that_there_were);
    check_run("options: rights are a comma list of words", rights_are_words);
    check_run("options: sizes have units", sizes_have_units);
    check_run("options: times have units, and so on: what cannot be misread is taken",
              times_have_units);
    check_run("options: an address may be the name of a host", addresses_may_be_names);
    check_run("options: of unknown ones a near one is told", unknown_ones_have_neighbours);
    check_run("options: modes are octal", modes_are_octal);
    check_run("options: groups are names or numbers", groups_are_names_or_numbers);
    check_run("options: flags have no value", flags_have_no_value);
    check_run("options: every row's default is good", every_row_has_a_good_default);
    return check_end();
}
