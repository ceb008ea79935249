#include "verbs/hash.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"
#include "verbs/reading.h"

static const char failed[] = "No digest";

/* What is asked for. */
struct question {
    const char *name; /* as the client has it */
    enum digest_kind kind;
    bool by_hash;         /* by HASH, not by a command of its own */
    char real[PATH_SIZE]; /* where it is */
    struct known_file file;
    uint64_t version;
};

/* ---------------------------------------------------------------- what is served */

bool hash_serves(const struct session *session, const char *verb) {
    unsigned kinds = session->given->config->checksum;
    if (strcmp(verb, "HASH") == 0)
        return kinds != 0;
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++) {
        if (strcmp(verb, digest_names[kind].command) == 0)
            return digest_has(kinds, kind);
    }
    return false;
}

int hash_feature(struct session *session) {
    unsigned kinds = session->given->config->checksum;
    char list[128] = "";
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++) {
        size_t n = strlen(list);
        if (digest_has(kinds, kind))
            (void)snprintf(list + n, sizeof(list) - n, "%s%s%s", n ? ";" : "",
                           digest_names[kind].word, kind == session->digests.chosen ? "*" : "");
    }
    int result = reply_line(session, "HASH %s", list);
    if (result == 0 && digest_has(kinds, DIGEST_SHA256))
        result = reply_line(session, "SITE SHA256");
    return result;
}

int hash_choose(struct session *session, const char *word) {
    unsigned kind = 0;
    if (!session->given->digest)
        return reply_send(session, 501, "That option is not known");
    while (kind < DIGEST_KINDS && strcasecmp(digest_names[kind].word, word) != 0)
        kind++;
    if (*word && (kind == DIGEST_KINDS || !digest_has(session->given->config->checksum, kind)))
        return reply_send(session, 501, "That digest is not made here; see FEAT");
    if (*word)
        digests_choose(&session->digests, kind);
    return reply_send(session, 200, "%s", digest_names[session->digests.chosen].word);
}

int site_sha256(struct session *session, const char *argument) {
    char text[DIGEST_TEXT];
    uint8_t digest[DIGEST_SIZE];
    size_t n = strcspn(argument, " ");
    parameters_declare(&session->parameters, NULL);
    (void)snprintf(text, sizeof(text), "%.*s", (int)(n < sizeof(text) ? n : 0), argument);
    if (argument[n + strspn(argument + n, " ")] || !digest_parse(DIGEST_SHA256, text, digest))
        return reply_send(session, 501, "Wanted: SITE SHA256 and 64 hexadecimal digits");
    parameters_declare(&session->parameters, digest);
    return reply_send(session, 200, "The next upload must have that SHA-256");
}

/* ---------------------------------------------------------------- which file it is */

/* Looks at the file. Returns 0 or a negative errno. */
static int look(const struct session *session, struct question *question) {
    struct stat st = {0};
    int result = path_identify(&session->who.root, question->real, &question->file.id);
    if (result == 0)
        result = view_file_stat(session, question->real, &st, &question->version);
    if (result < 0)
        return result;
    if (!S_ISREG(st.st_mode))
        return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    question->file.size = st.st_size;
    question->file.changed = st.st_mtim;
    return 0;
}

/* Finds the file that is asked about, if the client may ask. */
static int find(struct session *session, struct question *question) {
    char path[PATH_SIZE];
    struct partial_found partial;
    int result = path_resolve(session->place.cwd, question->name, path);
    if (result == 0)
        result = view_is_partial(session, path, NULL, &partial);
    if (result > 0)
        return -PATH_UNFINISHED;
    if (result == 0)
        result = view_permit(session, path, RIGHT_READ, question->real);
    return result < 0 ? result : look(session, question);
}

/* ---------------------------------------------------------------- its digest */

static bool is_changed(const struct session *session, const struct question *question) {
    struct question now = *question;
    return look(session, &now) < 0 || now.version != question->version;
}

static int read_file(struct session *session, const struct question *question,
                     struct digest_set *ret_digests) {
    struct digest_state state;
    const struct digest *digest = session->given->digest;
    int fd = path_open(&session->who.root, question->real, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    digest->begin(&state, 1U << question->kind);
    watch_begin(&session->watch, true);
    int result = reading_watch(session, fd, (uint64_t)question->file.size, &state);
    watch_end(&session->watch);
    (void)close(fd);
    digest->end(&state, ret_digests);
    return result == 0 && is_changed(session, question) ? -ESTALE : result;
}

/* By HASH the range, whose end is the last byte, and the name follow (section 3). The other
 * commands tell it in capital letters. */
static int answer(struct session *session, const struct question *question,
                  const struct digest_set *digests) {
    char text[DIGEST_TEXT];
    off_t last = question->file.size > 0 ? question->file.size - 1 : 0;
    (void)digest_text(digests, question->kind, text);
    if (question->by_hash)
        return reply_send(session, 213, "%s 0-%lld %s %s", digest_names[question->kind].word,
                          (long long)last, text, question->name);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return reply_send(session, 250, "%s", text);
}

static int refuse(struct session *session, int error) {
    if (error == -ECANCELED)
        return reply_send(session, 426, "%s: as you asked", failed);
    if (error == -ENOTCONN)
        return reply_send(session, 426, "%s: the control connection was closed", failed);
    if (error == -ESHUTDOWN) {
        (void)leave_stopping(session);
        return reply_send(session, 421, "%s: the service is shutting down", failed);
    }
    if (error == -ESTALE)
        return reply_send(session, 450, "%s: the file is being changed; try again later", failed);
    if (error == -EFBIG)
        return reply_send(session, 556, "%s: larger than the %llu bytes that are read for one",
                          failed, (unsigned long long)session->given->config->hash_max);
    return reply_failure(session, 550, failed, error);
}

/* Tells the digest of a file that is not known. */
static int tell_by_reading(struct session *session, const struct question *question) {
    struct digest_set digests;
    if (!(session->who.rights & RIGHT_READ))
        return refuse(session, -PATH_NOT_OWN);
    if ((uint64_t)question->file.size > session->given->config->hash_max)
        return refuse(session, -EFBIG);
    int result = read_file(session, question, &digests);
    return result < 0 ? refuse(session, result) : answer(session, question, &digests);
}

static int tell(struct session *session, const char *name, enum digest_kind kind, bool by_hash) {
    struct question question = {.name = name, .kind = kind, .by_hash = by_hash};
    int result = find(session, &question);
    if (result < 0)
        return refuse(session, result);
    const struct digest_set *known = known_find(&session->digests.known, &question.file);
    return known ? answer(session, &question, known) : tell_by_reading(session, &question);
}

int verb_hash(struct session *session, const char *argument) {
    return tell(session, argument, session->digests.chosen, true);
}

/* The name may be between quotes, because a range could follow it. */
static int tell_by_command(struct session *session, const char *argument, enum digest_kind kind) {
    char name[PATH_SIZE];
    const char *end = *argument == '"' ? strrchr(argument + 1, '"') : NULL;
    if (!end)
        return tell(session, argument, kind, false);
    if (end[1 + strspn(end + 1, " ")])
        return reply_send(session, 501, "%s of a part: only whole files have one", failed);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(end - argument - 1), argument + 1);
    session_means(session, name);
    return tell(session, name, kind, false);
}

int verb_xsha256(struct session *session, const char *argument) {
    return tell_by_command(session, argument, DIGEST_SHA256);
}

int verb_xsha1(struct session *session, const char *argument) {
    return tell_by_command(session, argument, DIGEST_SHA1);
}

int verb_xmd5(struct session *session, const char *argument) {
    return tell_by_command(session, argument, DIGEST_MD5);
}

int verb_xcrc(struct session *session, const char *argument) {
    return tell_by_command(session, argument, DIGEST_CRC32);
}
