#include "quota.h"

#include "reply.h"
#include "session.h"
#include "view.h"

struct usage quota_usage(const struct session *session) {
    return (struct usage){.top = &session->top,
                          .root = &session->root,
                          .home = session->account.home,
                          .owner = session->owner,
                          .boot = session->boot,
                          .quota = session->account.quota,
                          .channel = &session->control,
                          .folder = -1,
                          .file = -1};
}

void quota_note(const struct session *session, struct usage *usage) {
    if (usage->recounted)
        log_event(session->log, LOG_LEVEL_INFO, "Counted anew: %s holds %llu bytes (%llu ms)",
                  usage->home, (unsigned long long)usage->count.bytes,
                  (unsigned long long)usage->count.took);
    usage->recounted = false;
}

int quota_refuse(struct session *session, struct usage *usage, const char *what) {
    quota_note(session, usage);
    log_event(session->log, LOG_LEVEL_WARNING,
              "%s: the quota of %llu bytes is used up: %s holds %llu bytes: reply 552", what,
              (unsigned long long)usage->quota, usage->home,
              (unsigned long long)usage->count.bytes);
    return reply_send(session, 552, "%s: the quota of %llu bytes is used up", what,
                      (unsigned long long)usage->quota);
}

/* Bytes of the file that has that name, and of the interrupted upload. */
static uint64_t bytes_of(const struct session *session, const char *path) {
    struct partial partial = view_partial(session, path);
    struct stat st;
    bool found = path_stat(&session->root, path, &st) == 0 && S_ISREG(st.st_mode);
    return partial_bytes(&partial) + (found ? (uint64_t)st.st_size : 0);
}

static uint64_t bytes_of_all(const struct quota_change *change) {
    uint64_t bytes = 0;
    for (int i = 0; i < 2 && change->path[i]; i++)
        bytes += bytes_of(change->session, change->path[i]);
    return bytes;
}

/* Nothing that takes files away is refused because it cannot be counted. */
void quota_begin(struct quota_change *ret_change, const struct session *session, const char *path,
                 const char *other) {
    *ret_change = (struct quota_change){
        .session = session, .path = {path, other}, .usage = quota_usage(session)};
    (void)usage_begin(&ret_change->usage);
    if (ret_change->usage.known)
        ret_change->before = bytes_of_all(ret_change);
}

void quota_end(struct quota_change *change) {
    if (change->usage.known)
        usage_end(&change->usage, bytes_of_all(change), change->before);
    else
        usage_end(&change->usage, 0, 0);
}
