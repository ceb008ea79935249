/*
 * metrics: what sessions have done, in figures: one page of a file, which all of them map and add
 * to (--metrics-file). Figures, and no evidence: a session that was taken over can write any.
 *
 * The page is a table of counters, each found by the sum of its name: so an older or newer version
 * of this program adds to those that it knows, and leaves the others alone. An addition is one
 * instruction of the processor, so a session that is killed leaves no half of one.
 *
 * A session that runs has locked a byte far behind the page, chosen at random: the kernel takes the
 * lock away, however the session ends. Those locks are counted.
 */
#ifndef STORD_METRICS_H
#define STORD_METRICS_H

#include <errno.h>
#include <stdint.h>

#include "log/event.h"

struct log_facts;

/* Errors that nothing else gives: the file is no such page, or one of another version; and it is
 * too small. */
enum { METRICS_OTHER = EPROTO, METRICS_SMALL = EMSGSIZE };

/* What is counted of one thing. */
struct metrics_sum {
    uint64_t count;
    uint64_t bytes;        /* with it */
    uint64_t microseconds; /* it took */
};

/* Counts an event with its facts: in the page, or until there is one, aside. */
void metrics_count(enum event event, const struct log_facts *facts);

/* Maps the page of that file, which is made if it is missing, and adds what was counted aside.
 * Must come before the process is confined. Returns 0, or a negative errno: -METRICS_OTHER,
 * -METRICS_SMALL, -ENXIO (not a plain file), and those of open(2) and mmap(2). */
int metrics_open(const char *file);

/* What has been counted aside is another process's. */
void metrics_forget(void);

/* Shows that a session runs, until the process ends. After metrics_open. */
void metrics_show_session(void);

/* ---------------------------------------------------------------- reading */

struct metrics_view;

/* Reads a page. A file that does not exist has only zeros. Returns 0 or a negative errno, as
 * metrics_open. */
int metrics_read(struct metrics_view **ret_view, const char *file);
void metrics_view_free(struct metrics_view *view);

/* The figures of one kind of event; of uploads with one verdict; how many sessions run. */
struct metrics_sum metrics_of_event(const struct metrics_view *view, enum event event);
struct metrics_sum metrics_of_verdict(const struct metrics_view *view, const char *verdict);
unsigned metrics_sessions(const struct metrics_view *view);

/* What is wrong, in words. error: of metrics_open or metrics_read. */
const char *metrics_reason(int error);

#endif
