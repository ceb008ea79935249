/*
 * A handler that has been taken over: it is linked as it is, but that the command XTRY NAME
 * ARGUMENT tries what an intruder would, and replies "200 it worked" or "550 ERRNO". When the
 * kernel ends the process there is no reply. At any time, logged in or not.
 *
 * For comparison, INTRUDER_WITHOUT in the environment takes the confinement away: "files" (no
 * Landlock), "calls" (no filter of system calls), "all" (nor limits, nor anything else).
 */
#include "intruder.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/filter.h"
#include "sandbox/landlock.h"
#include "sandbox/sandbox.h"
#include "session/reply.h"
#include "users/users.h"
#include "verb.h"

/* As the headers declare them: what changes there must change here */
__typeof__(verb_run) __real_verb_run, __wrap_verb_run;
__typeof__(sandbox_enter) __real_sandbox_enter, __wrap_sandbox_enter;
__typeof__(sandbox_narrow) __real_sandbox_narrow, __wrap_sandbox_narrow;
__typeof__(sandbox_enter_helper) __real_sandbox_enter_helper, __wrap_sandbox_enter_helper;
__typeof__(users_find) __real_users_find, __wrap_users_find;
__typeof__(landlock_enter) __real_landlock_enter, __wrap_landlock_enter;
__typeof__(filter_enter) __real_filter_enter, __wrap_filter_enter;

static const char word[] = "XTRY ";

pid_t intruder_parent;

__attribute__((constructor)) static void remember_parent(void) {
    intruder_parent = getppid();
}

static bool is_without(const char *what) {
    const char *without = getenv("INTRUDER_WITHOUT");
    return without && strcmp(without, what) == 0;
}

int __wrap_sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *ret_state) {
    *ret_state = (struct sandbox_state){0};
    return is_without("all") ? 0 : __real_sandbox_enter(sandbox, ret_state);
}

int __wrap_sandbox_narrow(const struct config *config, const struct log *log,
                          const struct sandbox_home *home) {
    return is_without("all") ? 0 : __real_sandbox_narrow(config, log, home);
}

int __wrap_sandbox_enter_helper(const struct config *config, const struct log *log) {
    return is_without("all") ? 0 : __real_sandbox_enter_helper(config, log);
}

int __wrap_landlock_enter(const struct landlock_rule *rules, unsigned count, unsigned extra) {
    return is_without("files") ? 0 : __real_landlock_enter(rules, count, extra);
}

int __wrap_filter_enter(const struct filter_facts *facts) {
    return is_without("calls") ? 0 : __real_filter_enter(facts);
}

static const struct attempt *find(const char *name, size_t length) {
    static const struct attempt *const tables[] = {file_attempts, process_attempts,
                                                   network_attempts, kernel_attempts};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct attempt *at = tables[i]; at->name; at++) {
            if (strlen(at->name) == length && strncmp(at->name, name, length) == 0)
                return at;
        }
    }
    return NULL;
}

/* The attempt of that name, and what is behind it */
static const struct attempt *parse(const char *text, const char **ret_argument) {
    size_t length = strcspn(text, " ");
    *ret_argument = text + length + (text[length] == ' ');
    return find(text, length);
}

int __wrap_verb_run(struct session *session, struct command *command) {
    const char *line = command->text, *argument;
    if (strncmp(line, word, sizeof(word) - 1) != 0)
        return __real_verb_run(session, command);
    const struct attempt *attempt = parse(line + sizeof(word) - 1, &argument);
    if (!attempt)
        return reply_send(session, 501, "There is no such attempt");
    int result = attempt->run(session, argument);
    if (result >= 0)
        return reply_send(session, 200, "it worked");
    return reply_send(session, 550, "%s", strerrorname_np(-result));
}

/* Nothing else of the helper has to do with a name. */
const struct user *__wrap_users_find(const struct users *users, const char *name) {
    const char *argument;
    if (strncmp(name, word, sizeof(word) - 1) != 0)
        return __real_users_find(users, name);
    const struct attempt *attempt = parse(name + sizeof(word) - 1, &argument);
    int result = attempt ? attempt->run(NULL, argument) : -EINVAL;
    char text[64]; /* not by stdio, which would do more than write */
    int n = snprintf(text, sizeof(text), "helper: %s\n",
                     result < 0 ? strerrorname_np(-result) : "worked");
    ssize_t written = write(STDERR_FILENO, text, (size_t)n);
    (void)written;
    return NULL;
}
