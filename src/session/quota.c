#include "session/quota.h"

#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"
#include "session/view.h"
#include "store/limits.h"

struct usage quota_usage(const struct session *session) {
    return (struct usage){.top = &session->who.top,
                          .root = &session->who.root,
                          .home = session->who.account.home,
                          .owner = session->who.owner,
                          .boot = session->given->boot,
                          .quota = session->who.account.quota,
                          .stop = session->control.stop,
                          .folder = -1,
                          .file = -1};
}

/* An oldest_gone. */
static void tell_gone(void *context, const char *path, uint64_t bytes, uint64_t seconds) {
    const struct session *session = context;
    tell_ousted(session, path, bytes, seconds);
}

void quota_init(struct session *session) {
    const struct oldest_home home = {.root = &session->who.root,
                                     .owner = session->who.owner,
                                     .turns = &session->turns,
                                     .stop = session->given->stop,
                                     .gone = tell_gone,
                                     .context = session};
    oldest_init(&session->oldest, &home);
}

struct oldest *quota_oldest(struct session *session) {
    return session->who.account.ousts ? &session->oldest : NULL;
}

bool quota_make_room(struct session *session, struct usage *usage, int folder, int error) {
    const struct amount one = {.bytes = 1, .names = 1}, none = {0};
    struct oldest *oldest = quota_oldest(session);
    struct oldest_need need = {.amount = usage_lack(usage, one, none)};
    struct stat st;
    if (!oldest || (error != -ENOSPC && error != -USAGE_EXCEEDED) || fstat(folder, &st) < 0)
        return false;
    if (error == -ENOSPC) {
        const struct room *least = &session->given->config->min_free;
        need = (struct oldest_need){
            .amount.bytes = limits_lack(folder, least, 0), .on_disk = true, .device = st.st_dev};
    }
    return (need.amount.bytes > 0 || need.amount.names > 0) &&
           oldest_make_room(oldest, usage, &need) == 0;
}

void quota_note(const struct session *session, struct usage *usage) {
    if (usage->recounted)
        log_event(session->given->log, EVENT_QUOTA_COUNTED,
                  "Recounted: %s holds %llu bytes in %llu files and folders (%llu ms)", usage->home,
                  (unsigned long long)usage->count.held.bytes,
                  (unsigned long long)usage->count.held.names,
                  (unsigned long long)usage->count.took);
    usage->recounted = false;
}

/* Too many files and folders, though the bytes would fit. */
static int refuse_name(struct session *session, const struct usage *usage, const char *what) {
    const unsigned long long most = usage_names(usage), quota = usage->quota;
    const struct log_facts facts = {.reply = 552};
    log_about(session->given->log, EVENT_QUOTA_EXCEEDED, &facts,
              "%s: the quota of %llu bytes leaves room for %llu files and folders: %s holds %llu: "
              "reply 552",
              what, quota, most, usage->home, (unsigned long long)usage->count.held.names);
    return reply_send(session, 552,
                      "%s: the quota of %llu bytes is used up by %llu files and folders", what,
                      quota, most);
}

int quota_refuse(struct session *session, struct usage *usage, const char *what) {
    quota_note(session, usage);
    if (usage->count.held.bytes < usage->quota && usage->count.held.names >= usage_names(usage))
        return refuse_name(session, usage, what);
    const struct log_facts facts = {.reply = 552};
    log_about(session->given->log, EVENT_QUOTA_EXCEEDED, &facts,
              "%s: the quota of %llu bytes is used up: %s holds %llu bytes: reply 552", what,
              (unsigned long long)usage->quota, usage->home,
              (unsigned long long)usage->count.held.bytes);
    return reply_send(session, 552, "%s: the quota of %llu bytes is used up", what,
                      (unsigned long long)usage->quota);
}

void quota_begin(struct usage_change *ret_change, struct usage *usage,
                 const struct session *session, const char *path, const char *second,
                 const char *third) {
    const char *const paths[USAGE_CHANGE_NAMES] = {path, second, third};
    struct usage_change *change = ret_change;
    *change = (struct usage_change){.usage = usage, .with_files = true};
    while (change->count < USAGE_CHANGE_NAMES && paths[change->count]) {
        change->names[change->count] = view_partial(session, paths[change->count]);
        change->count++;
    }
    (void)usage_change_begin(change); /* nothing that removes files is refused if this fails */
}
