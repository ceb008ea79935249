#include "session/quota.h"

#include <string.h>

#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"

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

void quota_note(const struct session *session, struct usage *usage) {
    if (usage->recounted)
        log_event(session->given->log, EVENT_QUOTA_COUNTED,
                  "Counted anew: %s holds %llu bytes in %llu files and folders (%llu ms)",
                  usage->home, (unsigned long long)usage->count.held.bytes,
                  (unsigned long long)usage->count.held.names,
                  (unsigned long long)usage->count.took);
    usage->recounted = false;
}

/* There are too many files and folders, though the bytes would fit. */
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

/* Can nothing be done to what has that path either? */
static bool is_out_of_reach(int error) {
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -EACCES ||
           error == -ENAMETOOLONG;
}

/* Adds the file or folder that has that name, and the interrupted upload. */
static int add_amount(const struct session *session, const char *path, struct amount *held) {
    struct partial partial = view_partial(session, path);
    struct amount more, named = {.names = 1};
    struct stat st;
    int result = partial_amount(&partial, &more);
    if (result < 0)
        return result;
    *held = amount_add(*held, more);
    result = path_stat(&session->who.root, path, &st);
    if (result == 0 && S_ISREG(st.st_mode))
        named.bytes = (uint64_t)st.st_size;
    if (result == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        *held = amount_add(*held, named);
    return is_out_of_reach(result) ? 0 : result;
}

/* Is that path among those before it? */
static bool is_repeated(const struct quota_change *change, int i) {
    for (int j = 0; j < i; j++) {
        if (strcmp(change->path[j], change->path[i]) == 0)
            return true;
    }
    return false;
}

static int measure(const struct quota_change *change, struct amount *ret_held) {
    int result = 0;
    *ret_held = (struct amount){0};
    for (int i = 0; result == 0 && i < QUOTA_PATHS && change->path[i]; i++)
        result =
            is_repeated(change, i) ? 0 : add_amount(change->session, change->path[i], ret_held);
    return result;
}

/* Nothing that takes files away is refused because it cannot be counted. */
void quota_begin(struct quota_change *ret_change, const struct session *session, const char *path,
                 const char *second, const char *third) {
    struct quota_change *change = ret_change;
    *change = (struct quota_change){
        .session = session, .path = {path, second, third}, .usage = quota_usage(session)};
    if (!usage_is_limited(&change->usage))
        return;
    change->begun = usage_begin(&change->usage);
    change->error = measure(change, &change->before);
}

int quota_check(struct quota_change *change, struct amount more) {
    const struct amount none = {0};
    return change->begun < 0 ? change->begun : usage_check(&change->usage, more, none);
}

void quota_end(struct quota_change *change) {
    struct amount after;
    if (!usage_is_limited(&change->usage))
        return;
    if (change->error < 0 || measure(change, &after) < 0)
        usage_doubt(&change->usage);
    else
        usage_end(&change->usage, after, change->before);
}
