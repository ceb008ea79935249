#include "client/ask.h"

#include <string.h>
#include <unistd.h>

#include "client/source.h"
#include "tls/digest.h"

off_t ask_size(struct session *session, const char *name) {
    session_be_binary(session);
    if (control_ask(&session->control, "SIZE %s", name) != 213)
        return -1;
    return (off_t)reply_size(control_answer(&session->control));
}

bool ask_digest(struct session *session, const char *name, char ret[ASK_DIGEST_SIZE]) {
    struct control *control = &session->control;
    struct features *features = &session->features;
    size_t digits = digest_digits(features->hash);
    if (digits == 0 || digits >= ASK_DIGEST_SIZE)
        return false;
    session_be_binary(session);
    if (features->must_choose &&
        control_ask(control, "OPTS HASH %s", features->hash_word) / 100 != 2)
        return false;
    int code =
        control_ask(control, "%s %s", features->by_hash ? "HASH" : features->hash_word, name);
    return code > 0 && code / 100 == 2 && reply_digest(control_answer(control), ret, digits);
}

bool ask_own_digest(const struct session *session, const struct job *job, off_t bytes,
                    char ret[ASK_DIGEST_SIZE]) {
    int fd = source_reopen(job);
    bool good = fd >= 0 && digest_file(session->features.hash, fd, bytes, ret);
    if (fd >= 0)
        (void)close(fd);
    return good;
}
