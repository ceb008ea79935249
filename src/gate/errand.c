#include "gate/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/program.h"
#include "log/log.h"

enum { LINES_MOST = 100 /* lines of one run that are logged */ };

/* Exit statuses of the program */
enum { STATUS_OPEN = 0, STATUS_CLOSED = 1, STATUS_LATER = 75 };

/* A run. */
struct errand {
    const struct gate_setup *setup;
    struct gate_answer *answer;
    unsigned lines; /* that have been logged */
};

/* The last line that says something goes to the client. */
static void take_said(void *context, const char *line) {
    struct errand *errand = context;
    (void)snprintf(errand->answer->said, sizeof(errand->answer->said), "%.*s", GATE_SAID, line);
}

static void take_complaint(void *context, const char *line) {
    struct errand *errand = context;
    const struct log *log = errand->setup->log;
    if (errand->lines < LINES_MOST)
        log_event(log, EVENT_GATE_SAYS, "Gate: %s", line);
    else if (errand->lines == LINES_MOST)
        log_event(log, EVENT_GATE_SAYS, "Gate: it says more than %d lines", LINES_MOST);
    errand->lines++;
}

/* Opens the file once more: to be read, from the beginning. Returns a descriptor or a negative
 * errno. */
static int open_to_read(int file) {
    char self[64];
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", file);
    int fd = open(self, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void explain(struct errand *errand, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void explain(struct errand *errand, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(errand->answer->said, sizeof(errand->answer->said), format, arguments);
    va_end(arguments);
}

/* What its exit status means. */
static void judge_status(struct errand *errand, int status) {
    struct gate_answer *answer = errand->answer;
    if (status == STATUS_OPEN)
        answer->outcome = GATE_OPEN;
    else if (status == STATUS_CLOSED)
        answer->outcome = GATE_CLOSED;
    else if (status == STATUS_LATER)
        answer->outcome = GATE_LATER;
    else
        explain(errand, "its exit status was %d", status);
}

/* What its end means. */
static void judge(struct errand *errand, const struct program_result *result) {
    errand->answer->outcome = GATE_BROKEN;
    switch (result->end) {
    case PROGRAM_EXITED:
        judge_status(errand, result->status);
        break;
    case PROGRAM_SIGNALLED:
        explain(errand, "signal %d ended it", result->status);
        break;
    case PROGRAM_TOO_LONG:
        explain(errand, "it took longer than %u s", errand->setup->time);
        break;
    case PROGRAM_STOPPED:
        errand->answer->outcome = GATE_CALLED_OFF;
        break;
    case PROGRAM_LOST:
        explain(errand, "it cannot be waited for");
        break;
    case PROGRAM_NOT_STARTED:
        explain(errand, "it cannot be started: %s", strerror(result->status));
        break;
    }
}

void errand_run(const struct gate_setup *setup, int session, int file, char *const *environment,
                struct gate_answer *answer) {
    struct errand errand = {.setup = setup, .answer = answer};
    char *const arguments[] = {(char *)setup->program, NULL};
    const struct program_setup program = {.arguments = arguments,
                                          .environment = environment,
                                          .input = open_to_read(file),
                                          .time = setup->time,
                                          .stop = session,
                                          .says = take_said,
                                          .complains = take_complaint,
                                          .context = &errand};
    struct program_result result = {PROGRAM_NOT_STARTED, -program.input};
    if (program.input >= 0) {
        program_run(&program, &result);
        (void)close(program.input);
    }
    judge(&errand, &result);
}
