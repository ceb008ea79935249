/*
 * run: does all that is planned, and tries again what may go another time.
 */
#ifndef STORD_CLIENT_RUN_H
#define STORD_CLIENT_RUN_H

#include "client/options.h"
#include "client/plan.h"
#include "client/report.h"
#include "client/session.h"

/* Does all jobs; plan->status says how that went. Says goodbye to the server. */
void run_all(struct session *session, struct plan *plan, const struct options *options,
             enum report_style style);

#endif
