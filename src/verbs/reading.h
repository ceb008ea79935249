/*
 * reading: brings the bytes of a file into digests.
 */
#ifndef STORD_READING_H
#define STORD_READING_H

#include <stdint.h>

struct digest_state;
struct session;

/* Adds the first n bytes of an open file, whose offset stays. Returns 0 or a negative errno:
 * -ESTALE if there are fewer, -ESHUTDOWN if we are to stop. */
int reading_add(const struct session *session, int fd, uint64_t n, struct digest_state *state);

/* The same while the control connection is attended to, between watch_begin and watch_end. Returns
 * also -ECANCELED after ABOR, -ENOTCONN if the client has left. */
int reading_watch(struct session *session, int fd, uint64_t n, struct digest_state *state);

#endif
