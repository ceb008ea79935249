#include "../../src/config.c"
#include "../../src/rights.c"
#include "../../src/value.c"

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

static void bad_environment(void) {
    CHECK(load("STORD_ROOTT=/x", NULL, NULL, NULL) == CONFIG_BAD && strstr(error, "STORD_ROOTT"));
    CHECK(load("STORD_=x", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(load("STORD_IDLE_TIMEOUT=never", NULL, NULL, NULL) == CONFIG_BAD);
    CHECK(strstr(error, "STORD_IDLE_TIMEOUT wants") != NULL);
    CHECK(load("STORD_ROOTT=/x", "--help", NULL, NULL) == CONFIG_HELP);
}

static void rights_are_words(void) {
    CHECK(load(NULL, NULL, NULL, NULL) == CONFIG_SERVE);
    CHECK(config.allow == (RIGHT_UPLOAD | RIGHT_APPEND | RIGHT_REPLACE | RIGHT_LIST | RIGHT_MKDIR));
    CHECK(load(NULL, "--allow", "read,delete", NULL) == CONFIG_SERVE);
    CHECK(config.allow == (RIGHT_READ | RIGHT_DELETE));
    CHECK(load(NULL, "--allow=", NULL, NULL) == CONFIG_SERVE && config.allow == 0);
    static const char *const bad[] = {"reading", "upload,", ",upload", "upload, list", "all"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(load(NULL, "--allow", bad[i], NULL) == CONFIG_USAGE);
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
    check_run("options: unknown and wrong STORD_ variables are refused", bad_environment);
    check_run("options: rights are a comma list of words", rights_are_words);
    check_run("options: every row's default is good", every_row_has_a_good_default);
    return check_end();
}
