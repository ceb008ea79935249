#include "verbs/admit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "session/session.h"
#include "session/tell.h"

enum { GRACE = 5 /* s that the gatekeeper may take longer than the program */ };

/* The program's environment. */
struct facts {
    char text[GATE_FACTS];
    size_t n; /* bytes, each text with its NUL */
};

/* Adds "STORD_NAME=value". What does not fit is left out: names and paths are far shorter. */
__attribute__((format(printf, 2, 3))) static void add(struct facts *facts, const char *format,
                                                      ...) {
    va_list arguments;
    size_t room = sizeof(facts->text) - facts->n;
    va_start(arguments, format);
    int length = vsnprintf(facts->text + facts->n, room, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < room)
        facts->n += (size_t)length + 1;
}

static void add_text(struct facts *facts, const char *name, const char *value) {
    add(facts, "STORD_%s=%s", name, value ? value : "");
}

/* Of what the program gets: of an addition nobody knows it. */
static void add_digest(const struct upload *upload, struct facts *facts) {
    const struct digest_set *digests = &upload->sum.digests;
    char text[DIGEST_TEXT];
    if (digest_has(digests->kinds, DIGEST_SHA256) && !upload->store.adds)
        add_text(facts, "SHA256", digest_text(digests, DIGEST_SHA256, text));
}

static void collect(const struct session *session, const struct upload *upload, const char *word,
                    const struct stat *file, struct facts *facts) {
    const struct log_context *context = &session->given->log->context;
    char place[TELL_PLACE_SIZE];
    facts->n = 0;
    add_text(facts, "NAME", upload->store.name);
    add_text(facts, "FILE", tell_place(session, upload->path, place));
    add(facts, "STORD_BYTES=%llu", (unsigned long long)file->st_size);
    add_text(facts, "USER", context->user);
    add_text(facts, "PEER", context->peer);
    add_text(facts, "TLS", context->tls);
    add_text(facts, "SESSION", context->session);
    add_text(facts, "VERDICT", word);
    add_text(facts, "REPLACES", store_replaces(&upload->store) ? "yes" : "no");
    add_digest(upload, facts);
}

bool admit_asks(const struct session *session) {
    return session->given->gate->fd >= 0 && !session->who.account.no_gate;
}

void admit_ask(struct session *session, const struct upload *upload, const char *word,
               struct admission *ret_admission) {
    struct admission *admission = ret_admission;
    *admission = (struct admission){.answer = {.outcome = GATE_OPEN}};
    if (!admit_asks(session))
        return;
    static struct facts facts; /* static only for its size */
    int result = fstat(upload->store.fd, &admission->file) < 0 ? -errno : 0;
    if (result == 0) {
        collect(session, upload, word, &admission->file, &facts);
        result = gate_ask(session->given->gate, upload->store.fd, facts.text, facts.n);
    }
    admission->asked = result == 0;
    admission->answer.outcome = result == 0 ? GATE_OPEN : GATE_BROKEN;
    if (result < 0)
        (void)snprintf(admission->answer.said, sizeof(admission->answer.said),
                       "it cannot be asked: %s", strerror(-result));
}

/* Waits for an answer. Returns 0 or a negative errno: of watch_wait. A client that has left and may
 * is not waited for. */
static int await(struct session *session, const struct upload *upload) {
    const struct config *config = session->given->config;
    int fd = session->given->gate->fd;
    long long deadline = clock_deadline(config->gate_time + GRACE);
    int result = -ENOTCONN;
    if (!upload->job.is_inline)
        result = watch_wait(session, fd, POLLIN, deadline);
    bool alone = upload->job.is_inline || who_is_pardoned_leaving(&session->who, config);
    if (result == -ENOTCONN && alone)
        result = control_await(&session->control, fd, POLLIN, (int)(deadline - clock_ms()));
    return result;
}

/* Has the program, or somebody else, changed it meanwhile? */
static bool has_changed(const struct upload *upload, const struct stat *file) {
    struct stat now;
    return fstat(upload->store.fd, &now) < 0 || now.st_ino != file->st_ino ||
           now.st_size != file->st_size || clock_order(&now.st_mtim, &file->st_mtim) != 0;
}

static void break_off(struct gate_answer *answer, const char *why) {
    answer->outcome = GATE_BROKEN;
    (void)snprintf(answer->said, sizeof(answer->said), "%s", why);
}

int admit_await(struct session *session, const struct upload *upload, struct admission *admission) {
    struct gate_answer *answer = &admission->answer;
    if (!admission->asked)
        return 0;
    int result;
    do {
        result = await(session, upload);
        if (result == 0)
            result = gate_take(session->given->gate, answer);
    } while (result == -EAGAIN);
    if (result == -ESHUTDOWN || result == -ECANCELED || result == -ENOTCONN) { /* another verdict */
        admit_call_off(session, admission);
        return result == -ESHUTDOWN ? result : 0;
    }
    admission->asked = false;
    if (result < 0)
        break_off(answer, "the gatekeeper gives no answer");
    else if (answer->outcome == GATE_OPEN && has_changed(upload, &admission->file))
        break_off(answer, "the file has changed meanwhile");
    return 0;
}

void admit_call_off(const struct session *session, struct admission *admission) {
    if (admission->asked)
        gate_call_off(session->given->gate);
    admission->asked = false;
    admission->answer.outcome = GATE_CALLED_OFF;
}
