#include "client/declare.h"

#include <stdio.h>
#include <unistd.h>

#include "tls/digest.h"

/* The digest of all that is to be sent. Afterwards the source is at its beginning again. */
static bool read_digest(const struct source *source, char ret[JOB_DECLARED_SIZE]) {
    off_t begin = lseek(source->fd, 0, SEEK_CUR);
    bool good = begin >= 0 && digest_file("SHA256", source->fd, source->size, ret);
    return begin >= 0 && lseek(source->fd, begin, SEEK_SET) == begin && good;
}

void declare_command(const struct session *session, struct job *job, const struct source *source,
                     off_t offset, char ret[DECLARE_SIZE]) {
    *ret = *job->declared = '\0';
    if (!session->verifies || !session->features.declares || source->size < 0 || offset > 0)
        return;
    if (read_digest(source, job->declared))
        (void)snprintf(ret, DECLARE_SIZE, "SITE SHA256 %s", job->declared);
    else
        *job->declared = '\0';
}
