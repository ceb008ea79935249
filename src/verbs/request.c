#include "verbs/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "session/quota.h"
#include "session/session.h"
#include "session/view.h"
#include "store/publish.h"
#include "verbs/announce.h"

void request_fill(struct session *session, struct upload *upload) {
    const struct config *config = session->given->config;
    struct store_request *request = &upload->request;
    bool is_inline = !session->data.used;
    uint64_t size;
    bool announced = parameters_announced(&session->parameters, is_inline, &size);
    upload->job = (struct receive_job){.session = session,
                                       .store = &upload->store,
                                       .is_inline = is_inline,
                                       .converts = session->parameters.ascii && !is_inline,
                                       .announced = announced,
                                       .size = size};
    request->partial = view_partial(session, upload->asked);
    request->size = upload->job.size;
    request->size_is_rest = is_inline;
    request->most = session->who.account.max_file_size;
    request->mode = session->who.account.file_mode;
    request->group = config->group;
    request->min_free = config->min_free;
    upload->usage = quota_usage(session);
    request->usage = &upload->usage;
    request->no_sync = config->no_sync;
    request->copies = config->copies;
    request->turns = &session->turns;
    request->oldest = quota_oldest(session);
    request->places = &session->pipeline.places;
    request->addition = &session->addition;
    request->stop = session->given->stop;
    sum_fill(session, upload);
    announce_want(session, upload);
}

/* Finds the file that the client means, and what it may learn of it. */
static void find_old(struct session *session, struct upload *upload) {
    struct store_request *request = &upload->request;
    upload->is_own = view_is_own(session, upload->asked, upload->path);
    const char *seen = upload->is_own && !who_sees(&session->who) ? upload->path : upload->asked;
    (void)snprintf(upload->seen, sizeof(upload->seen), "%s", strrchr(seen, '/') + 1);
    request->seen = upload->seen;
    if (!upload->is_own || request->base == STORE_NOTHING)
        memcpy(upload->path, upload->asked, sizeof(upload->path));
    request->blind = !who_sees(&session->who);
    request->may_read =
        !request->blind || session->who.rights & RIGHT_APPEND; /* see landlock_files */
    request->hidden = request->blind && !upload->is_own;
    if (request->hidden && request->base == STORE_ALL && !request->may_resume)
        /* else a size given by ALLO would reveal the file's size */
        request->size_is_rest = true;
}

/* The client resumes what it was shown under that name. */
static void note_expected(const struct session *session, struct upload *upload) {
    struct store_request *request = &upload->request;
    const struct shown_row *row = shown_find(&session->view.shown, upload->asked);
    request->was_shown = row != NULL && request->base != STORE_NOTHING;
    request->shown_partial = row ? row->partial : 0;
    request->shown_version = row ? row->version : VERSION_NOTHING;
    if (!row && session->view.shown.lost && request->base == STORE_ALL && request->may_resume) {
        request->was_shown = true;
        request->shown_partial = SHOWN_STALE;
    }
}

/* Does an upload to that path wait to be published? */
static bool waits(const struct session *session, const char *path) {
    const struct upload *other;
    for (unsigned i = 0; (other = pipeline_at(&session->pipeline, i)); i++) {
        if (strcmp(other->asked, path) == 0)
            return true;
    }
    return false;
}

/* Refuses what can be refused before a byte is sent. Returns 0 once the transaction has begun, or a
 * negative errno. */
static int begin(struct session *session, struct upload *upload, const char *name) {
    if (*name && name[strlen(name) - 1] == '/')
        return -EISDIR;
    int result = path_resolve(session->place.cwd, name, upload->asked);
    if (result < 0)
        return result;
    if (upload->request.on_conflict == CONFLICT_RENAME &&
        strlen(upload->asked) + PUBLISH_MORE >= sizeof(upload->path))
        return -ENAMETOOLONG;
    if (waits(session, upload->asked))
        (void)pipeline_commit(session); /* if the client is gone, the next reply shows it */
    find_old(session, upload);
    note_expected(session, upload);
    int folder = path_open_parent(&session->who.root, upload->path, &upload->request.name);
    if (folder < 0)
        return folder;
    if (*upload->request.name == '\0') {
        (void)close(folder);
        return -EISDIR;
    }
    return store_begin(&upload->store, folder, &upload->request);
}

int request_begin(struct session *session, struct upload *upload, const char *name) {
    int error = begin(session, upload, name);
    if (error == 0 || !pipeline_waits(&session->pipeline))
        return error;
    (void)pipeline_commit(session);
    return begin(session, upload, name);
}
