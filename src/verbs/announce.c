#include "verbs/announce.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "session/notify.h"
#include "session/session.h"

struct transfer announce_transfer(const struct upload *upload, const char *path, const char *word,
                                  int code, const char *pardon) {
    bool good = code == 226;
    return (struct transfer){.event = good ? EVENT_UPLOADED : EVENT_UPLOAD_FAILED,
                             .what = good ? "File uploaded" : "Upload failed",
                             .path = path,
                             .verdict = word,
                             .reply = code,
                             .digests = &upload->sum.digests,
                             .bytes = upload->result.received,
                             .seconds = clock_seconds() - upload->begun,
                             .is_file = true,
                             .incoming = true,
                             .pardon = pardon,
                             .ascii = upload->job.converts};
}

/* A notice_composer: the file may get another name than was wished. */
static size_t compose(void *context, const struct notice_facts *facts, char text[NOTICE_LIMIT]) {
    const struct upload *upload = context;
    char path[PATH_SIZE + NAME_MAX + 1];
    int folder = (int)(strrchr(upload->path, '/') + 1 - upload->path);
    (void)snprintf(path, sizeof(path), "%.*s%s", folder, upload->path, facts->name);
    const char *word = receive_judge(&upload->job, &upload->result)->word;
    struct transfer transfer = announce_transfer(upload, path, word, 226, NULL);
    if (upload->store.adds) /* whether they are the file's is known only after the addition */
        transfer.digests = NULL;
    return tell_notice(upload->job.session, &transfer, facts, text);
}

void announce_want(struct session *session, struct upload *upload) {
    bool wanted = session->given->notices && notify_wants(session, EVENT_UPLOADED);
    upload->request.notice = wanted ? &upload->notice : NULL;
    if (wanted)
        notice_init(&upload->notice, session->given->notices, compose, upload);
}
