/*
 * figures: what `handler --metrics` tells: what sessions have counted (see log/metrics), how full
 * the disk and the homes with a quota are; as OpenMetrics, or in Prometheus' older text format.
 */
#ifndef STORD_FIGURES_H
#define STORD_FIGURES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "store/usage_text.h"
#include "users/users.h"

struct config;
struct metrics_view;

struct figures {
    const struct config *config;
    struct metrics_view *view;
    struct users users;
    struct amount *held;          /* by the home of each user; bytes are UINT64_MAX: not known */
    bool disk;                    /* the next two are known */
    uint64_t size, free, reserve; /* of the root's file system, in bytes */
    const char *ill;              /* why uploads would fail, in a word or two, or NULL */
};

/* Reads them all. Returns 0, or a negative errno if there are no metrics (see metrics_reason).
 * Call figures_free in every case. */
int figures_read(struct figures *ret_figures, const struct config *config);
void figures_free(struct figures *figures);

/* Writes all as text. openmetrics: else in the text format 0.0.4. */
void figures_write(FILE *to, const struct figures *figures, bool openmetrics);

/* handler --metrics: prints them as OpenMetrics. Returns the exit status. */
int figures_run(const struct config *config);

#endif
