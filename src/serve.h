/*
 * serve: makes a confined session from what the super-server handed over, step by step, and runs
 * it. Each step is described in its module's header.
 */
#ifndef STORD_SERVE_H
#define STORD_SERVE_H

struct config;
struct log;

/* Serves the client at DESCRIPTOR_IN and DESCRIPTOR_OUT. stop: readable once we are to stop, or -1.
 * Returns the exit status. */
int serve(const struct config *config, struct log *log, int stop);

/* Logs the complaint, and replies 421: no service. Returns status. */
int serve_refuse(const struct log *log, int status, const char *complaint);

/* Only replies 421, to a client at these descriptors. */
void serve_refuse_at(int in, int out);

#endif
