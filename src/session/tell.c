#include "session/tell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/scratch.h"
#include "log/log.h"
#include "log/record.h"
#include "session/notify.h"
#include "session/session.h"
#include "store/reserved.h"

/* A folder as a prefix of a path: "" for "/". */
static const char *before(const char *folder) {
    return folder[1] ? folder : "";
}

const char *tell_place(const struct session *session, const char *path, char out[TELL_PLACE_SIZE]) {
    (void)snprintf(out, TELL_PLACE_SIZE, "%s%s%s", before(session->given->folder),
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

static struct log_facts facts_of(const struct transfer *transfer, const char *file) {
    return (struct log_facts){.file = file,
                              .verdict = transfer->verdict,
                              .reply = transfer->reply,
                              .moved = true,
                              .bytes = transfer->bytes,
                              .seconds = transfer->seconds,
                              .digests = transfer->digests};
}

/* Says it in words. Returns them, in scratch. */
static char *say(const struct session *session, const struct transfer *transfer) {
    char reply[32] = "", pardon[96] = "", *text = scratch_take(RECORD_LIMIT);
    const char *user = session->given->log->context.user;
    if (transfer->reply)
        (void)snprintf(reply, sizeof(reply), ": reply %d", transfer->reply);
    if (transfer->pardon)
        (void)snprintf(pardon, sizeof(pardon), "; %s, or lenient in the users file, would allow it",
                       transfer->pardon);
    (void)snprintf(text, RECORD_LIMIT, "%s: %s%s (%llu bytes, %.3f s, %s) %s %s%s%s%s%s",
                   transfer->what, before(session->who.account.home), transfer->path,
                   (unsigned long long)transfer->bytes, transfer->seconds, transfer->verdict,
                   transfer->incoming ? "from" : "to", session->given->peer->text,
                   user ? ", user " : "", user ? user : "", reply, pardon);
    scratch_keep(text, strlen(text) + 1);
    return text;
}

size_t tell_notice(const struct session *session, const struct transfer *transfer,
                   const struct notice_facts *facts, char text[NOTICE_LIMIT]) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts known = facts_of(transfer, tell_place(session, transfer->path, file));
    char *said = say(session, transfer);
    const struct notify_about about = {
        .event = transfer->event, .facts = &known, .path = transfer->path, .text = said};
    size_t n = notify_compose(session, &about, facts, text);
    scratch_give(said);
    return n;
}

void tell_lost(const struct session *session, const char *path, int error) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = {.file = tell_place(session, path, file)};
    log_about(session->given->log, EVENT_NOTICE_LOST, &facts,
              "The event about %s%s cannot be written: %s", before(session->who.account.home), path,
              strerror(-error));
}

/* Gives other programs the event of what has happened, if they are to have it: not of an upload,
 * whose event has been written before. */
static void notify(const struct session *session, enum event event, const struct log_facts *facts,
                   const char *path, const char *from, const char *text) {
    const struct notify_about about = {
        .event = event, .facts = facts, .path = path, .from = from, .text = text};
    int result = event == EVENT_UPLOADED ? 0 : notify_of(session, &about);
    if (result < 0)
        tell_lost(session, path, result);
}

void tell_transfer(const struct session *session, const struct transfer *transfer) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = facts_of(transfer, tell_place(session, transfer->path, file));
    char *said = say(session, transfer);
    log_about(session->given->log, transfer->event, &facts, "%s", said);
    notify(session, transfer->event, &facts, transfer->path, NULL, said);
    scratch_give(said);
    if (session->given->xferlog && transfer->is_file)
        add_to_xferlog(session, transfer, file);
    transcript_note(session, "%s: %s (%llu bytes, %s)", transfer->what, transfer->path,
                    (unsigned long long)transfer->bytes, transfer->verdict);
}

void tell_file(const struct session *session, enum event event, const char *what,
               const char *path) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = {.file = tell_place(session, path, file)};
    log_about(session->given->log, event, &facts, "%s: %s%s", what,
              before(session->who.account.home), path);
    notify(session, event, &facts, path, NULL, what);
}

void tell_no_connection(const struct session *session, const char *path, const char *reason,
                        int reply) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = {.file = tell_place(session, path, file), .reply = reply};
    log_about(session->given->log, EVENT_NO_DATA_CONNECTION, &facts,
              "No data connection for %s%s: %s: reply %d", before(session->who.account.home), path,
              reason, reply);
}

/* The file that the command means: its virtual path, or NULL. */
static const char *meant(const struct session *session, char path[PATH_SIZE]) {
    const char *name = session->meant ? session->meant : command_name(session->command);
    if (!session->who.logged_in || !name || path_resolve(session->place.cwd, name, path) < 0)
        return NULL;
    return path;
}

void tell_refused(const struct session *session, enum event event, const char *verdict, int reply,
                  const char *text) {
    char file[TELL_PLACE_SIZE], room[PATH_SIZE];
    const struct command *command = session->command;
    const char *path = meant(session, room);
    const char *user = session->given->log->context.user;
    const bool whole = command->secrecy == COMMAND_PUBLIC;
    const bool blank = command->verb && *command->argument;
    const struct log_facts facts = {
        .file = path ? tell_place(session, path, file) : NULL, .verdict = verdict, .reply = reply};
    /* The text of a reply repeats what cannot be an argument */
    log_about(session->given->log, event, &facts, "%s: reply %d to %s%s%s: %s%s%s",
              command->secrecy == COMMAND_SECRET_LINE && command->verb ? "Refused" : text, reply,
              session->given->peer->text, user ? ", user " : "", user ? user : "",
              command->verb ? command->verb->name : "", blank ? " " : "",
              !whole          ? "***"
              : command->verb ? command->argument
                              : command->text);
    if (path)
        notify(session, event, &facts, path, NULL, text);
}

void tell_foreign(const struct session *session) {
    int folder = reserved_open(session->who.top.fd, false);
    if (folder >= 0)
        (void)close(folder);
    if (folder == -EPERM)
        log_event(
            session->given->log, EVENT_FOREIGN_FOLDER,
            "%s%s is not the folder of this user (uid %u): as root, chown -R %u it, or remove "
            "it",
            before(session->given->folder), "/" RESERVED_FOLDER, (unsigned)geteuid(),
            (unsigned)geteuid());
}

void tell_renamed(const struct session *session, const char *from, const char *to) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = {.file = tell_place(session, to, file)};
    const char *home = before(session->who.account.home);
    char old[TELL_PLACE_SIZE];
    log_about(session->given->log, EVENT_RENAMED, &facts, "Renamed: %s%s to %s%s", home, from, home,
              to);
    notify(session, EVENT_RENAMED, &facts, to, tell_place(session, from, old), "Renamed");
}

void tell_ousted(const struct session *session, const char *path, uint64_t bytes,
                 uint64_t seconds) {
    char file[TELL_PLACE_SIZE];
    const struct log_facts facts = {.file = tell_place(session, path, file)};
    log_about(session->given->log, EVENT_OUSTED, &facts,
              "Removed to make room: %s%s (%llu bytes, %llu hours old)",
              before(session->who.account.home), path, (unsigned long long)bytes,
              (unsigned long long)seconds / 3600);
}
