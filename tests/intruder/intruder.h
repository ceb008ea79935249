/*
 * intruder: what a session would do that somebody has taken over. Attempts, by subject.
 */
#ifndef STORD_INTRUDER_H
#define STORD_INTRUDER_H

#include <errno.h>
#include <sys/types.h>

struct session;

/* Tries something. argument: what stands behind its name, "" if nothing does. Returns 0 when it
 * worked, or a negative errno. */
typedef int attempt_function(struct session *session, const char *argument);

struct attempt {
    const char *name;
    attempt_function *run;
};

/* Each ends with a row without a name. */
extern const struct attempt file_attempts[], process_attempts[], network_attempts[],
    kernel_attempts[];

/* The process that has started us, which cannot be asked for any more. */
extern pid_t intruder_parent;

/* 0 or a negative errno, of what returns -1 */
#define TRY(call) ((call) < 0 ? -errno : 0)

#endif
