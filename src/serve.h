/*
 * serve: makes a confined session of what the super-server left, step by step, and runs it. What
 * each step does stands in its module's header.
 */
#ifndef STORD_SERVE_H
#define STORD_SERVE_H

struct config;
struct log;

/* Serves the client at DESCRIPTOR_IN and DESCRIPTOR_OUT. stop: readable once we are asked to stop,
 * or -1. Returns the exit status. */
int serve(const struct config *config, struct log *log, int stop);

/* Logs that the settings cannot be used, and tells the client that there is no service (421).
 * Returns status. */
int serve_refuse(const struct log *log, int status, const char *complaint);

/* The latter alone, to a client at these descriptors. */
void serve_refuse_at(int in, int out);

#endif
