/*
 * report: what the user is told about each file: a line, or an object of JSON.
 */
#ifndef STORD_CLIENT_REPORT_H
#define STORD_CLIENT_REPORT_H

#include <stdbool.h>

#include "client/failure.h"
#include "client/job.h"
#include "client/session.h"

enum report_style { REPORT_NOTHING, REPORT_LINES, REPORT_JSON };

/* The server has confirmed it. */
void report_stored(enum report_style style, const struct session *session, const struct job *job);

/* It has come to nothing: is told on standard error in any case. */
void report_failed(enum report_style style, const struct session *session, const struct job *job,
                   const struct failure *failure);

/* It is tried again, after so many ms. */
void report_retry(enum report_style style, const struct session *session, const struct job *job,
                  const struct failure *failure, int wait);

#endif
