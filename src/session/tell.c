#include "session/tell.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log/log.h"
#include "session/session.h"

enum { PLACE_SIZE = 2 * PATH_SIZE + ACCOUNT_HOME_LIMIT }; /* of a path on the disk */

/* A folder as a prefix of a path: "" for "/". */
static const char *before(const char *folder) {
    return folder[1] ? folder : "";
}

/* Where a virtual path is on the disk. */
static const char *place(const struct session *session, const char *path, char out[PLACE_SIZE]) {
    (void)snprintf(out, PLACE_SIZE, "%s%s%s", before(session->given->folder),
                   before(session->who.account.home), path);
    return out;
}

/* file: its path on the disk. */
static void add_to_xferlog(const struct session *session, const struct transfer *transfer,
                           const char *file) {
    const char *user = session->given->log->context.user;
    char host[PEER_HOST_SIZE];
    peer_host(session->given->peer, host);
    const struct xferlog_entry entry = {
        .time = time(NULL),
        .seconds = transfer->seconds,
        .host = host,
        .bytes = transfer->bytes,
        .file = file,
        .ascii = transfer->ascii,
        .incoming = transfer->incoming,
        .anonymous = session->given->config->anonymous && user && strcmp(user, "anonymous") == 0,
        .user = user,
        .complete = transfer->event == EVENT_UPLOADED || transfer->event == EVENT_SENT};
    xferlog_add(session->given->xferlog, session->given->log, &entry);
}

void tell_transfer(const struct session *session, const struct transfer *transfer) {
    char file[PLACE_SIZE], reply[32] = "", pardon[96] = "";
    const struct log_facts facts = {.file = place(session, transfer->path, file),
                                    .verdict = transfer->verdict,
                                    .reply = transfer->reply,
                                    .moved = true,
                                    .bytes = transfer->bytes,
                                    .seconds = transfer->seconds};
    const char *user = session->given->log->context.user;
    if (transfer->reply)
        (void)snprintf(reply, sizeof(reply), ": reply %d", transfer->reply);
    if (transfer->pardon)
        (void)snprintf(pardon, sizeof(pardon), "; %s, or lenient in the users file, would allow it",
                       transfer->pardon);
    log_about(session->given->log, transfer->event, &facts,
              "%s: %s%s (%llu bytes, %.3f s, %s) %s %s%s%s%s%s", transfer->what,
              before(session->who.account.home), transfer->path,
              (unsigned long long)transfer->bytes, transfer->seconds, transfer->verdict,
              transfer->incoming ? "from" : "to", session->given->peer->text, user ? ", user " : "",
              user ? user : "", reply, pardon);
    if (session->given->xferlog && transfer->is_file)
        add_to_xferlog(session, transfer, file);
    transcript_note(session, "%s: %s (%llu bytes, %s)", transfer->what, transfer->path,
                    (unsigned long long)transfer->bytes, transfer->verdict);
}

void tell_file(const struct session *session, enum event event, const char *what,
               const char *path) {
    char file[PLACE_SIZE];
    const struct log_facts facts = {.file = place(session, path, file)};
    log_about(session->given->log, event, &facts, "%s: %s%s", what,
              before(session->who.account.home), path);
}

void tell_no_connection(const struct session *session, const char *path, const char *reason,
                        int reply) {
    char file[PLACE_SIZE];
    const struct log_facts facts = {.file = place(session, path, file), .reply = reply};
    log_about(session->given->log, EVENT_NO_DATA_CONNECTION, &facts,
              "No data connection for %s%s: %s: reply %d", before(session->who.account.home), path,
              reason, reply);
}

void tell_renamed(const struct session *session, const char *from, const char *to) {
    char file[PLACE_SIZE];
    const struct log_facts facts = {.file = place(session, to, file)};
    const char *home = before(session->who.account.home);
    log_about(session->given->log, EVENT_RENAMED, &facts, "Renamed: %s%s to %s%s", home, from, home,
              to);
}

void tell_ousted(const struct session *session, const char *path, uint64_t bytes,
                 uint64_t seconds) {
    char file[PLACE_SIZE];
    const struct log_facts facts = {.file = place(session, path, file)};
    log_about(session->given->log, EVENT_OUSTED, &facts,
              "Removed to make room: %s%s (%llu bytes, %llu hours old)",
              before(session->who.account.home), path, (unsigned long long)bytes,
              (unsigned long long)seconds / 3600);
}
