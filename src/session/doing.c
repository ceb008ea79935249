#include "session/doing.h"

#include <stdio.h>

#include "base/title.h"
#include "session/session.h"

enum {
    LEAST_STEP = 1 << 20, /* bytes after which the number may change */
    PERCENT = 100,
    NAME_SHOWN = 256, /* bytes of a name at most */
    NUMBER_SIZE = 5   /* of " 41%" */
};

/* No more numbers */
static const uint64_t never = UINT64_MAX;

void doing_begin(struct session *session) {
    char text[PEER_HOST_SIZE + USERS_NAME_LIMIT + 16], host[PEER_HOST_SIZE];
    const char *user = session->given->log->context.user;
    struct doing *doing = &session->doing;
    doing->next = never;
    if (!session->given->config->process_title)
        return;
    peer_host(session->given->peer, host);
    (void)snprintf(text, sizeof(text), "stord: %s%s%s ", user ? user : "", user ? " " : "", host);
    title_show();
    doing->who = title_write(0, text, 0);
    doing_end(session);
}

void doing_transfer(struct session *session, uint64_t total) {
    struct doing *doing = &session->doing;
    const struct command *command = session->command;
    char text[NAME_SHOWN];
    if (doing->who == 0)
        return;
    (void)snprintf(text, sizeof(text), "%s %s", command->verb->name,
                   command->secrecy == COMMAND_PUBLIC ? command->argument : "***");
    doing->what = title_write(doing->who, text, NUMBER_SIZE);
    doing->total = total;
    doing->step = total / PERCENT > LEAST_STEP ? total / PERCENT : LEAST_STEP;
    doing->next = doing->step;
}

void doing_count(struct session *session) {
    struct doing *doing = &session->doing;
    const uint64_t moved = session->watch.moved;
    char text[32];
    doing->next = moved + doing->step;
    if (doing->total >= moved)
        (void)snprintf(text, sizeof(text), " %u%%",
                       (unsigned)((double)moved / (double)doing->total * PERCENT));
    else
        (void)snprintf(text, sizeof(text), " %llu MiB", (unsigned long long)(moved >> 20));
    (void)title_write(doing->what, text, 0);
}

void doing_end(struct session *session) {
    if (session->doing.who > 0)
        (void)title_write(session->doing.who, session->who.logged_in ? "idle" : "not logged in", 0);
    session->doing.next = never;
}
