/*
 * deliver: handler --deliver: gives the events of a root (--events) to a program.
 */
#ifndef STORD_DELIVER_H
#define STORD_DELIVER_H

struct config;
struct log;

/* Runs config->program for each event that is due, the oldest first, or once for all
 * (config->batch); until nothing is due, or a signal asks to stop. What fails is due again later,
 * for config->deliver_hours or config->tries. Returns the exit status: EX_OK, EX_CONFIG if the root
 * or its events cannot be used, EX_IOERR if an event cannot be taken away. */
int deliver_events(const struct config *config, const struct log *log);

#endif
