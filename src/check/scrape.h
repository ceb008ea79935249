/*
 * scrape: answers one request of HTTP on a connection: handler --metrics, started for it by a
 * super-server. GET /metrics has the figures, GET /health is 200 if uploads can be stored, else
 * 503. All other requests are 400, 404 or 405.
 */
#ifndef STORD_SCRAPE_H
#define STORD_SCRAPE_H

struct config;
struct log;

/* Answers on DESCRIPTOR_IN and DESCRIPTOR_OUT. What can be answered is put together first; then the
 * process gives up root and is confined, and only then the request is read. complaint: what is
 * wrong with the settings, or NULL. Returns the exit status. */
int scrape_serve(const struct config *config, const struct log *log, const char *complaint);

#endif
