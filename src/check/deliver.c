#include "check/deliver.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/path.h"
#include "base/scratch.h"
#include "base/stop.h"
#include "check/letter.h"
#include "gate/program.h"
#include "log/json_read.h"
#include "log/log.h"
#include "session/truth.h"
#include "store/delivery.h"
#include "store/turn.h"
#include "store/usage.h"

enum {
    HOUR = 3600,
    LINES = 100,     /* of one run that are logged */
    BATCH = 1024,    /* events in one run at most */
    SPARE = 64,      /* descriptors for all else */
    FIRST_REST = 50, /* ms to wait for events that others have, */
    LONGEST_REST = 1000
};

/* State of one run of --deliver. */
struct deliver {
    const struct config *config;
    const struct log *log;
    struct path_root root;
    struct delivery delivery;
    char boot[USAGE_TEXT_BOOT_SIZE];
    int stop;
    size_t most;    /* events in one run of the program */
    unsigned lines; /* that this run has printed */
};

/* Events that are being delivered by one run of the program. */
struct load {
    struct letter letter;
    const struct delivery_row *rows[BATCH];
    int fds[BATCH]; /* which lock them */
    size_t count;
};

/* ---------------------------------------------------------------- what the log hears */

static void hear(void *context, const char *line) {
    struct deliver *deliver = context;
    if (deliver->lines < LINES)
        log_event(deliver->log, EVENT_DELIVER_SAYS, "Delivery: %s", line);
    else if (deliver->lines == LINES)
        log_event(deliver->log, EVENT_DELIVER_SAYS, "Delivery: it says more than %d lines", LINES);
    deliver->lines++;
}

static int complain(const struct deliver *deliver, int error, const char *what) {
    log_event(deliver->log, EVENT_DELIVER_BROKEN, "Events cannot be delivered: %s: %s", what,
              strerror(-error));
    return error;
}

static void explain(const struct program_result *result, char *out, size_t size) {
    if (result->end == PROGRAM_EXITED)
        (void)snprintf(out, size, "its exit status was %d", result->status);
    else if (result->end == PROGRAM_SIGNALLED)
        (void)snprintf(out, size, "signal %d ended it", result->status);
    else if (result->end == PROGRAM_NOT_STARTED)
        (void)snprintf(out, size, "it cannot be started: %s", strerror(result->status));
    else
        (void)snprintf(out, size, "it cannot be waited for");
}

/* ---------------------------------------------------------------- what becomes of events */

static bool is_over(const struct config *config, const struct delivery_row *row, long long now) {
    long long since = row->first ? now - row->first : 0;
    return (config->tries && row->tries + 1 >= config->tries) ||
           since >= (long long)config->deliver_hours * HOUR;
}

/* The program has failed. Returns 0 or a negative errno. */
static int put_off(const struct deliver *deliver, const struct delivery_row *row, const char *why) {
    long long now = time(NULL);
    if (is_over(deliver->config, row, now)) {
        int result = delivery_give_up(&deliver->delivery, row);
        if (result == 0)
            log_event(deliver->log, EVENT_GIVEN_UP,
                      "Event %s is given up after %u tries, in failed/: %s", row->id,
                      row->tries + 1, why);
        return result;
    }
    int wait = delivery_put_off(&deliver->delivery, row, now);
    if (wait >= 0)
        log_event(deliver->log, EVENT_NOT_DELIVERED,
                  "Event %s is not delivered, the next try is in %d s: %s", row->id, wait, why);
    return wait < 0 ? wait : 0;
}

/* One that is no event, or cannot be read. */
static int discard(const struct deliver *deliver, const struct delivery_row *row) {
    log_event(deliver->log, EVENT_GIVEN_UP, "%s is no event: moved to failed/", row->file);
    int result = delivery_give_up(&deliver->delivery, row);
    return result == -ENOENT ? 0 : result;
}

static int settle(const struct deliver *deliver, const struct load *load,
                  const struct program_result *end) {
    char why[128];
    bool is_done = end->end == PROGRAM_EXITED && end->status == 0;
    int result = 0;
    explain(end, why, sizeof(why));
    for (size_t i = 0; i < load->count && result == 0; i++) {
        const struct delivery_row *row = load->rows[i];
        result = is_done ? delivery_done(&deliver->delivery, row) : put_off(deliver, row, why);
        if (result == 0 && is_done)
            log_event(deliver->log, EVENT_DELIVERED, "Event %s is delivered", row->id);
    }
    return result < 0 ? complain(deliver, result, "one cannot be taken away") : 0;
}

/* ---------------------------------------------------------------- a run of the program */

/* Takes one on. Returns 1, 0 if it is not to be delivered by us now, or a negative errno.
 * *ret_busy: somebody else has it. */
static int take(struct deliver *deliver, const struct delivery_row *row, struct load *load,
                char text[NOTICE_LIMIT], bool *ret_busy) {
    int fd = row->id[0] ? delivery_take(&deliver->delivery, row) : -EINVAL;
    *ret_busy = *ret_busy || fd == -TURN_BUSY;
    if (fd == -TURN_BUSY || fd == -ENOENT)
        return 0;
    if (fd < 0)
        return discard(deliver, row);
    if (!notice_read(fd, text)) {
        (void)close(fd);
        return discard(deliver, row);
    }
    load->rows[load->count] = row;
    load->fds[load->count++] = fd;
    int result = letter_add(&load->letter, text, strlen(text));
    return result < 0 ? result : 1;
}

static void end_load(struct load *load) {
    for (size_t i = 0; i < load->count; i++)
        (void)close(load->fds[i]);
    load->count = 0;
    letter_end(&load->letter);
}

/* Runs the program. Returns 0, -ESHUTDOWN, or another negative errno. */
static int run(struct deliver *deliver, struct load *load, const char *text) {
    int result = letter_address(&load->letter, load->count == 1 ? text : NULL);
    if (result < 0)
        return complain(deliver, result, "no memory for one");
    const struct program_setup setup = {.arguments = deliver->config->program,
                                        .environment = load->letter.environment,
                                        .input = load->letter.fd,
                                        .stop = deliver->stop,
                                        .says = hear,
                                        .complains = hear,
                                        .context = deliver};
    struct program_result end;
    deliver->lines = 0;
    program_run(&setup, &end);
    return end.end == PROGRAM_STOPPED ? -ESHUTDOWN : settle(deliver, load, &end);
}

/* Delivers the first of them, as many as one run takes. Returns how many have been seen to, or a
 * negative errno. */
static long deliver_some(struct deliver *deliver, const struct delivery_row *rows, size_t count,
                         bool *ret_busy) {
    static struct load load; /* static only for its size */
    char *text = scratch_take(NOTICE_LIMIT);
    size_t seen = 0;
    load.count = 0;
    int result = letter_begin(&load.letter);
    for (; seen < count && load.count < deliver->most && result >= 0; seen++)
        result = take(deliver, &rows[seen], &load, text, ret_busy);
    if (result < 0)
        (void)complain(deliver, result, "one cannot be read");
    if (result >= 0 && load.count > 0)
        result = run(deliver, &load, text);
    end_load(&load);
    scratch_give(text);
    return result < 0 ? result : (long)seen;
}

/* ---------------------------------------------------------------- all of them */

/* All that are due now. Returns how many, or a negative errno. */
static long deliver_due(struct deliver *deliver, bool *ret_busy) {
    struct delivery_row *rows;
    struct truth truth = {&deliver->root, deliver->boot};
    int recovered = notices_recover(&deliver->delivery.notices, truth_judge, &truth);
    if (recovered < 0)
        (void)complain(deliver, recovered, "those of sessions that died");
    long count = delivery_list(&deliver->delivery, time(NULL), &rows), result = 0;
    if (count < 0)
        return complain(deliver, (int)count, "they cannot be listed");
    for (long at = 0; at < count && result >= 0; at += result)
        result = deliver_some(deliver, rows + at, (size_t)(count - at), ret_busy);
    free(rows);
    return result < 0 ? result : count;
}

/* Until nothing is due, or we are to stop. Others may have some of them: their sessions will let
 * them go, and who delivers them has then done so. */
static int deliver_all(struct deliver *deliver) {
    int rest = FIRST_REST;
    for (;;) {
        bool busy = false;
        long count = deliver_due(deliver, &busy);
        if (count <= 0)
            return (int)count;
        if (stop_wait(deliver->stop, busy ? rest : 0) < 0)
            return -ESHUTDOWN;
        rest = !busy ? FIRST_REST : rest < LONGEST_REST ? 2 * rest : LONGEST_REST;
    }
}

/* How many events one run takes: each has a descriptor. */
static size_t most_of(const struct config *config) {
    struct rlimit limit;
    if (!config->batch || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 1;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < BATCH + SPARE)
        return limit.rlim_cur > SPARE ? (size_t)limit.rlim_cur - SPARE : 1;
    return BATCH;
}

static int open_events(struct deliver *deliver) {
    const char *root = deliver->config->root;
    int result = path_root_open(&deliver->root, root, false);
    if (result < 0)
        return complain(deliver, result, root);
    result = delivery_open(&deliver->delivery, deliver->root.fd);
    if (result == -EPERM)
        log_event(deliver->log, EVENT_DELIVER_BROKEN,
                  "%s/" NOTICE_FOLDER " belongs to another user: run this as that user", root);
    else if (result < 0 && result != -ENOENT)
        (void)complain(deliver, result, NOTICE_FOLDER);
    return result;
}

int deliver_events(const struct config *config, const struct log *log) {
    static struct deliver deliver; /* static only for its size */
    deliver = (struct deliver){.config = config, .log = log, .most = most_of(config)};
    usage_boot(deliver.boot);
    deliver.stop = stop_catch();
    int result = open_events(&deliver);
    if (result < 0)
        return result == -ENOENT && deliver.root.fd > 0 ? EX_OK : EX_CONFIG;
    result = deliver_all(&deliver);
    delivery_close(&deliver.delivery);
    return result == 0 || result == -ESHUTDOWN ? EX_OK : EX_IOERR;
}
