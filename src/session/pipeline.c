#include "session/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "session/session.h"

enum {
    MOST_BYTES = 16 << 20, /* of files that wait, for the disk to write at once */
    SPARE = 16             /* descriptors that publishing needs, and more */
};

_Static_assert(BATCH_MOST == 64, "so many --batch-files may be asked for: see value_batch");

void pipeline_init(struct pipeline *pipeline) {
    *pipeline = (struct pipeline){0};
    places_init(&pipeline->places);
    flush_init(&pipeline->flush);
}

bool pipeline_may_wait(const struct session *session, int fd) {
    const struct pipeline *pipeline = &session->pipeline;
    unsigned most = session->given->config->batch_files;
    unsigned events = session->given->notices ? pipeline->count + 1 : 0; /* a file each */
    bool is_open = (unsigned)fd + SPARE + events < session->given->sandbox->descriptors;
    return most > 1 && pipeline->count < most && is_open && !session->leave.over;
}

/* The row for the next upload, or NULL. */
static struct pipeline_row *next_row(struct pipeline *pipeline) {
    if (!pipeline->rows)
        pipeline->rows = calloc(BATCH_MOST, sizeof(*pipeline->rows));
    if (!pipeline->items)
        pipeline->items = calloc(BATCH_MOST, sizeof(*pipeline->items));
    return pipeline->rows && pipeline->items ? &pipeline->rows[pipeline->count] : NULL;
}

void *pipeline_add(struct session *session, const void *upload, size_t size) {
    struct pipeline_row *row = next_row(&session->pipeline);
    if (!row || !reply_make_room(&session->reply))
        return NULL;
    if (!row->upload)
        row->upload = malloc(size);
    row->argument = row->upload ? strdup(session->command->argument) : NULL;
    if (!row->argument)
        return NULL;
    row->verb = session->command->verb;
    return memcpy(row->upload, upload, size);
}

int pipeline_wait(struct session *session, struct store *store, uint64_t bytes,
                  pipeline_finish *finish) {
    struct pipeline *pipeline = &session->pipeline;
    const struct config *config = session->given->config;
    if (pipeline->count == 0)
        pipeline->deadline = clock_ms() + config->batch_time;
    pipeline->rows[pipeline->count].place = reply_place(&session->reply);
    pipeline->rows[pipeline->count].finish = finish;
    pipeline->items[pipeline->count++] = (struct batch_item){.store = store};
    pipeline->bytes += bytes;
    places_take(&pipeline->places, store);
    reply_hold(&session->reply);
    bool is_full = pipeline->count == config->batch_files || pipeline->bytes >= MOST_BYTES;
    return is_full || session->line_alone ? pipeline_commit(session) : 0;
}

const void *pipeline_at(const struct pipeline *pipeline, unsigned at) {
    return at < pipeline->count ? pipeline->rows[at].upload : NULL;
}

/* Ends the upload of a row. */
static int finish(struct session *session, struct pipeline_row *row,
                  const struct batch_item *item) {
    const struct command command = {
        .text = row->argument, .argument = row->argument, .verb = row->verb};
    int result = row->finish(session, &command, row->upload, item);
    free(row->argument);
    row->argument = NULL;
    return result;
}

int pipeline_commit(struct session *session) {
    struct pipeline *pipeline = &session->pipeline;
    int result = 0;
    if (pipeline->count == 0)
        return 0;
    batch_publish(pipeline->items, pipeline->count, &pipeline->flush);
    for (unsigned i = 0; i < pipeline->count; i++) {
        int released = reply_release(session, pipeline->rows[i].place);
        int replied = finish(session, &pipeline->rows[i], &pipeline->items[i]);
        result = result < 0 ? result : released < 0 ? released : replied;
    }
    int released = reply_release_all(session);
    pipeline->count = 0;
    pipeline->bytes = 0;
    result = result < 0 ? result : released;
    if (result < 0)
        leave(session);
    return result;
}

static bool is_due(const struct pipeline *pipeline) {
    return pipeline_waits(pipeline) && clock_ms() >= pipeline->deadline;
}

int pipeline_before(struct session *session, const struct command *command) {
    bool may_wait = command->verb && command->verb->traits & VERB_PIPELINED &&
                    command->fault == LINE_GOOD && !reply_is_full(&session->reply);
    return may_wait && !is_due(&session->pipeline) ? 0 : pipeline_commit(session);
}

int pipeline_look(struct session *session) {
    return is_due(&session->pipeline) ? pipeline_commit(session) : 0;
}

void pipeline_close(struct pipeline *pipeline) {
    for (unsigned i = 0; pipeline->rows && i < BATCH_MOST; i++)
        free(pipeline->rows[i].upload);
    free(pipeline->rows);
    free(pipeline->items);
    pipeline->rows = NULL;
    pipeline->items = NULL;
}
