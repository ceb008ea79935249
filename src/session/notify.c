#include "session/notify.h"

#include <stdio.h>

#include "session/session.h"

enum { NUMBER_SIZE = 24 };

static const struct {
    enum event event;
    enum value_event wanted;
} rows[] = {{EVENT_UPLOADED, VALUE_UPLOADED},
            {EVENT_UPLOAD_FAILED, VALUE_UPLOAD_FAILED},
            {EVENT_RENAMED, VALUE_RENAMED},
            {EVENT_REMOVED, VALUE_REMOVED}};

bool notify_wants(const struct session *session, enum event event) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].event == event)
            return session->given->config->events & rows[i].wanted;
    }
    return false;
}

/* A number as text, "" for one that is not known. */
static void write_number(char out[NUMBER_SIZE], bool known, uint64_t number) {
    out[0] = '\0';
    if (known)
        (void)snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)number);
}

size_t notify_compose(const struct session *session, const struct notify_about *about,
                      const struct notice_facts *facts, char text[NOTICE_LIMIT]) {
    const char *home = session->who.account.home;
    char path[PATH_SIZE + ACCOUNT_HOME_LIMIT], inode[NUMBER_SIZE], size[NUMBER_SIZE];
    bool is_known = facts->inode != 0;
    (void)snprintf(path, sizeof(path), "%s%s", home[1] ? home : "", about->path);
    write_number(inode, is_known, facts->inode);
    write_number(size, is_known, facts->size);
    const struct log_more more[] = {{.name = "id", .value = facts->id},
                                    {.name = "path", .value = path},
                                    {.name = "from", .value = about->from},
                                    {.name = "inode", .value = inode, .is_number = true},
                                    {.name = "size", .value = size, .is_number = true}};
    return log_compose(session->given->log, about->event, about->facts, more,
                       sizeof(more) / sizeof(more[0]), about->text, text);
}

/* What a notice_composer gets. */
struct context {
    const struct session *session;
    const struct notify_about *about;
};

static size_t compose(void *context, const struct notice_facts *facts, char text[NOTICE_LIMIT]) {
    const struct context *what = context;
    return notify_compose(what->session, what->about, facts, text);
}

/* Writes it, and shows it at once. */
static int write_event(struct notice *notice, const struct stat *st) {
    bool also;
    int result = notice_write(notice, "", st->st_ino, (uint64_t)st->st_size);
    if (result == 0)
        result = notice_sync(notice);
    if (result == 0)
        result = notice_show(notice);
    if (result == 0)
        result = notices_sync(notice->notices, notice->notices->fresh, &also);
    if (result == 0)
        notice_end(notice);
    else
        notice_drop(notice);
    return result;
}

int notify_of(const struct session *session, const struct notify_about *about) {
    struct context context = {session, about};
    struct stat st = {0};
    struct notice notice;
    if (!session->given->notices || !notify_wants(session, about->event))
        return 0;
    if (about->event == EVENT_RENAMED)
        (void)path_stat(&session->who.root, about->path, &st);
    notice_init(&notice, session->given->notices, compose, &context);
    return write_event(&notice, &st);
}
