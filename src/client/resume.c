#include "client/resume.h"

#include <string.h>

#include "client/ask.h"

static bool is_worth_it(const struct job *job, const struct source *source) {
    return job->is_plain && source->size >= RESUME_LEAST;
}

void resume_look(struct session *session, struct job *job, const char *name,
                 const struct source *source) {
    if (is_worth_it(job, source) && job->before == JOB_NOT_ASKED)
        job->before = ask_size(session, name);
}

off_t resume_offset(struct session *session, const struct job *job, const char *name,
                    const struct source *source) {
    char theirs[ASK_DIGEST_SIZE], ours[ASK_DIGEST_SIZE];
    if (!is_worth_it(job, source) || job->sent == 0)
        return 0;
    off_t there = ask_size(session, name);
    if (there <= 0 || there > source->size)
        return 0;
    if (ask_digest(session, name, theirs))
        return ask_own_digest(session, job, there, ours) && strcmp(theirs, ours) == 0 ? there : 0;
    return there <= job->sent && there != job->before && job->before != JOB_NOT_ASKED ? there : 0;
}
