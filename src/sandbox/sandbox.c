#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "log/log.h"
#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/socketcall.h"
#include "store/notice.h"
#include "store/reserved.h"
#include "store/usage.h"

/* Sanitizers: gcc has macros for them, clang another way to ask */
#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
    HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer) ||                             \
    HAS_FEATURE(memory_sanitizer)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

enum {
    MEMORY = 512 << 20, /* bytes */
    DESCRIPTORS = 128,
    RULES = 5, /* of Landlock at most */
    COMPLAINT_SIZE = 256
};

#define NO_TRUNCATION "ban on emptying files that may be read"

/* What a process may use. Sanitizers need unlimited memory, and a thread; a hash can need as much
 * memory as its parameters ask for. */
static const struct {
    rlim_t most;
    __rlimit_resource_t resource;
    bool sanitized; /* also with sanitizers */
    bool helper;    /* also for the helper */
} limits[] = {
    {0, RLIMIT_CORE, true, true},    {DESCRIPTORS, RLIMIT_NOFILE, true, true},
    {0, RLIMIT_MEMLOCK, true, true}, {0, RLIMIT_MSGQUEUE, true, true},
    {0, RLIMIT_NPROC, false, true},  {MEMORY, RLIMIT_DATA, false, false},
};

/* Lowers a limit; one that is already lower stays: *ret_now. */
static int lower(__rlimit_resource_t resource, rlim_t most, rlim_t *ret_now) {
    struct rlimit limit = {0, 0};
    if (most > 0 && getrlimit(resource, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_cur < most ? limit.rlim_cur : most;
    limit.rlim_max = limit.rlim_max < most ? limit.rlim_max : most;
    *ret_now = limit.rlim_cur;
    return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* Not dumpable: other processes of the user cannot read our memory, and core dumps that are piped
 * to a program ignore RLIMIT_CORE. *ret_descriptors: how many it may have. */
static int set_limits(bool helper, unsigned *ret_descriptors) {
    *ret_descriptors = 0;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        bool applies = (!IS_SANITIZED || limits[i].sanitized) && (!helper || limits[i].helper);
        rlim_t now = 0;
        int result = applies ? lower(limits[i].resource, limits[i].most, &now) : 0;
        if (result < 0)
            return result;
        if (limits[i].resource == RLIMIT_NOFILE)
            *ret_descriptors = (unsigned)now;
    }
    bool done = prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return done ? 0 : -errno;
}

/* What a phase could not do, for one line of the log. */
struct lack {
    const struct config *config;
    char text[COMPLAINT_SIZE];
    int error; /* the first, or 0 */
};

static void note(struct lack *lack, int error, const char *what) {
    size_t n = strlen(lack->text);
    if (error == 0)
        return;
    (void)snprintf(lack->text + n, sizeof(lack->text) - n, "%sno %s (%s)", n ? ", " : "", what,
                   strerror(-error));
    lack->error = lack->error ? lack->error : error;
}

/* Logs what is missing. Returns 0 if the session may continue nevertheless, or a negative errno. */
static int judge(const struct lack *lack, const struct log *log) {
    if (lack->error == 0)
        return 0;
    bool fatal = lack->config->require_confinement;
    log_event(log, fatal ? EVENT_CONFINEMENT_REFUSED : EVENT_NOT_CONFINED,
              "Confinement is not whole: %s", lack->text);
    return fatal ? lack->error : 0;
}

/* Returns whether Landlock confines the process. */
static bool confine_files(struct lack *lack, const struct landlock_rule *wanted, unsigned count,
                          unsigned extra) {
    struct landlock_rule rules[RULES + 1] = {{.fd = -1}};
    for (unsigned i = 0; i < count; i++)
        rules[i] = wanted[i];
    int proc = IS_SANITIZED ? open("/proc", O_PATH | O_CLOEXEC) : -1; /* to look for leaks */
    rules[count] = (struct landlock_rule){.fd = proc, .files = landlock_files(RIGHT_READ)};
    int result = landlock_enter(rules, count + 1, extra);
    if (proc >= 0)
        (void)close(proc);
    note(lack, result, "Landlock");
    if (result == 0 && count > 0 && landlock_leaves_truncation(rules[0].files))
        note(lack, -EOPNOTSUPP, NO_TRUNCATION);
    return result == 0;
}

/* Events are written whatever the user may do. Returns how many rules that takes. */
static unsigned add_notices(const struct notices *notices, struct landlock_rule *rules) {
    if (!notices)
        return 0;
    uint64_t files = landlock_notice_files();
    rules[0] = (struct landlock_rule){.fd = notices->pending, .files = files};
    rules[1] = (struct landlock_rule){.fd = notices->fresh, .files = files};
    return 2;
}

static unsigned log_groups(const struct log *log) {
    unsigned groups = log_settle(log) ? 0 : FILTER_LOGGING;
    return groups | (log->setup.target == LOG_TARGET_JOURNAL ? FILTER_JOURNAL : 0);
}

/* AIO writes to any place of a file, and so could change the lines of a log that is one. */
static unsigned aio_group(const struct config *config) {
    struct stat st;
    bool is_wanted = config->batch_files > 1 && !config->no_sync;
    bool is_safe =
        is_wanted && fstat(STDERR_FILENO, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
    return is_safe ? FILTER_AIO : 0;
}

static void confine_calls(struct lack *lack, struct filter_facts *facts) {
    facts->groups |= IS_SANITIZED ? FILTER_SANITIZED : 0;
    int result = socketcall_enter();
    note(lack, result < 0 ? result : filter_enter(facts), "filter of system calls");
}

int sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *ret_state) {
    struct lack lack = {.config = sandbox->config};
    struct landlock_rule rules[RULES] = {
        {.fd = sandbox->root->fd, .files = landlock_files(sandbox->rights)}};
    unsigned count = 1 + add_notices(sandbox->notices, rules + 1);
    bool helped = sandbox->helper > 0, connects = sandbox->dial->address != NULL;
    struct filter_facts facts = {.groups = FILTER_SESSION | (connects ? FILTER_DATA : 0) |
                                           (helped ? FILTER_HELPED : 0),
                                 .dial = sandbox->dial,
                                 .helper = sandbox->helper};
    facts.groups |= log_groups(sandbox->log) | aio_group(sandbox->config);
    note(&lack, set_limits(false, &ret_state->descriptors), "limits");
    unsigned extra = (connects ? 0 : LANDLOCK_NO_TCP) | (helped ? 0 : LANDLOCK_NO_SIGNALS);
    ret_state->files = confine_files(&lack, rules, count, extra);
    confine_calls(&lack, &facts);
    ret_state->said = lack.error != 0;
    return judge(&lack, sandbox->log);
}

int sandbox_narrow(const struct config *config, const struct log *log,
                   const struct sandbox_home *home) {
    struct lack lack = {.config = config};
    if (!home->state.files)
        return 0;
    /* Uploads are written in the root's reserved folder, wherever the home is. It gets the same
     * rights as the home, because Landlock allows no rename to where more may be done with a
     * file. */
    uint64_t files = landlock_files(home->rights);
    bool makes = home->rights & (RIGHTS_OWN | RIGHT_APPEND | RIGHT_RENAME);
    int reserved = reserved_open(home->top->fd, makes);
    int counts = home->is_counted ? usage_open_folder(home->top) : -1;
    struct landlock_rule rules[RULES] = {{.fd = home->home->fd, .files = files},
                                         {.fd = reserved, .files = files},
                                         {.fd = counts, .files = landlock_count_files()}};
    unsigned count = 3 + add_notices(home->notices, rules + 3);
    (void)confine_files(&lack, rules, count, LANDLOCK_NO_SIGNALS); /* the helper has gone */
    if (reserved >= 0)
        (void)close(reserved);
    if (counts >= 0)
        (void)close(counts);
    return home->state.said ? 0 : judge(&lack, log);
}

int sandbox_enter_helper(const struct config *config, const struct log *log) {
    struct lack lack = {.config = config};
    struct filter_facts facts = {.groups = FILTER_HELPER};
    facts.groups |= log_groups(log);
    unsigned descriptors;
    note(&lack, set_limits(true, &descriptors), "limits");
    (void)confine_files(&lack, NULL, 0, LANDLOCK_NO_TCP | LANDLOCK_NO_SIGNALS);
    confine_calls(&lack, &facts);
    return lack.error && config->require_confinement ? lack.error : 0; /* the session logs it */
}

const char *sandbox_lacks(unsigned rights) {
    if (landlock_version() < LANDLOCK_LEAST)
        return "Landlock";
    if (landlock_leaves_truncation(landlock_files(rights)))
        return NO_TRUNCATION;
    return filter_is_known() ? NULL : "filter of system calls";
}
