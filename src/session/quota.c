#include "session/quota.h"

#include <stdio.h>

#include "session/reply.h"
#include "session/session.h"
#include "session/tell.h"
#include "session/view.h"
#include "store/limits.h"

enum {
    REASON_SIZE = 96,
    TEXT_SIZE = 2 * REASON_SIZE + ACCOUNT_HOME_LIMIT /* with a home */
};

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
    if (!oldest || (!limits_is_disk(error) && error != -USAGE_EXCEEDED) || fstat(folder, &st) < 0)
        return false;
    if (limits_is_disk(error)) {
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
    char text[TEXT_SIZE];
    (void)snprintf(text, sizeof(text),
                   "%s: the quota of %llu bytes leaves room for %llu files and folders: %s holds "
                   "%llu",
                   what, quota, most, usage->home, (unsigned long long)usage->count.held.names);
    tell_refused(session, EVENT_QUOTA_EXCEEDED, NULL, 552, text);
    return reply_told(session, 552,
                      "%s: the quota of %llu bytes is used up by %llu files and folders", what,
                      quota, most);
}

int quota_refuse(struct session *session, struct usage *usage, const char *what, uint64_t size) {
    const unsigned long long quota = usage->quota, held = usage->count.held.bytes;
    char text[TEXT_SIZE], reason[REASON_SIZE];
    quota_note(session, usage);
    if (held < quota && usage->count.held.names >= usage_names(usage))
        return refuse_name(session, usage, what);
    if (size > 0 && held < quota)
        (void)snprintf(reason, sizeof(reason), "%llu bytes do not fit into the quota of %llu",
                       (unsigned long long)size, quota);
    else
        (void)snprintf(reason, sizeof(reason), "the quota of %llu bytes is used up", quota);
    (void)snprintf(text, sizeof(text), "%s: %s: %s holds %llu bytes", what, reason, usage->home,
                   held);
    tell_refused(session, EVENT_QUOTA_EXCEEDED, NULL, 552, text);
    return reply_told(session, 552, "%s: %s", what, reason);
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
