/*
 * pipeline: inline uploads of a client that does not wait for replies. Their bytes are whole, and
 * more input has come; they wait to be published together, and what is replied after them waits
 * with them (doc/design.md, "Uploads in a pipeline").
 *
 * pipeline_commit publishes all that wait. It is called before anything that could see or change
 * what is stored or who the client is, before every wait for the client, and at the session's end.
 */
#ifndef STORD_PIPELINE_H
#define STORD_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/batch.h"
#include "store/places.h"

struct session;
struct command;
struct verb;

/* Logs how an upload has ended, and replies to its command. upload: of pipeline_add. */
typedef int pipeline_finish(struct session *session, const struct command *command, void *upload,
                            const struct batch_item *item);

/* An upload that waits. */
struct pipeline_row {
    void *upload;            /* a copy that the row owns; kept for the next one */
    const struct verb *verb; /* its command: */
    char *argument;
    size_t place; /* of its reply: see reply_place */
    pipeline_finish *finish;
};

struct pipeline {
    unsigned count;
    uint64_t bytes;     /* of the files that wait */
    long long deadline; /* when they are published, by clock_ms */
    struct places places;
    struct flush flush;
    struct pipeline_row *rows; /* BATCH_MOST, filled in order; NULL: none has ever waited */
    struct batch_item *items;  /* the same for store/batch */
};

/* No upload waits. */
void pipeline_init(struct pipeline *pipeline);

/* Does an upload wait? */
static inline bool pipeline_waits(const struct pipeline *pipeline) {
    return pipeline->count > 0;
}

/* May an upload wait whose file has that descriptor? */
bool pipeline_may_wait(const struct session *session, int fd);

/* Copies an upload of so many bytes, which is being replied to, to wait. Returns the copy, or NULL
 * if there is no memory. */
void *pipeline_add(struct session *session, const void *upload, size_t size);

/* It waits from now on. store: its store, in the copy, of so many bytes. If nothing has come after
 * it, or enough wait, all are published. Returns as pipeline_commit. */
int pipeline_wait(struct session *session, struct store *store, uint64_t bytes,
                  pipeline_finish *finish);

/* The upload at that place of those that wait, the first is 0; or NULL. */
const void *pipeline_at(const struct pipeline *pipeline, unsigned at);

/* Publishes all that wait, and sends the replies. Returns 0, or a negative errno if the client
 * cannot be reached: then the session is over. */
int pipeline_commit(struct session *session);

/* A command has come: the same, unless it may be run while uploads wait, and they have not waited
 * for long. */
int pipeline_before(struct session *session, const struct command *command);

/* The same in the middle of an upload. */
int pipeline_look(struct session *session);

/* Frees what it holds. */
void pipeline_close(struct pipeline *pipeline);

#endif
