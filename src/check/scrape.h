/*
 * scrape: answers one request of HTTP on a connection: handler --metrics, started for it by a
 * super-server. GET /metrics has the figures, GET /health is 200 if uploads can be stored, else
 * 503. All other requests are 400, 404 or 405.
 */
#ifndef STORD_SCRAPE_H
#define STORD_SCRAPE_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct log;

/* What is asked for. */
enum scrape_what { SCRAPE_METRICS, SCRAPE_HEALTH, SCRAPE_NOTHING };

struct scrape_request {
    int status; /* 200, 400, 404 or 405 */
    enum scrape_what what;
    bool openmetrics; /* that format is accepted */
};

/* Understands a request of n bytes, up to its empty line (RFC 1945 and 9112). Pure. */
struct scrape_request scrape_understand(const char *text, size_t n);

/* Has the whole head of a request come? Pure. */
bool scrape_is_whole(const char *text, size_t n);

/* Answers on DESCRIPTOR_IN and DESCRIPTOR_OUT. What can be answered is put together first; then the
 * process gives up root and is confined, and only then the request is read. complaint: what is
 * wrong with the settings, or NULL. Returns the exit status. */
int scrape_serve(const struct config *config, const struct log *log, const char *complaint);

#endif
