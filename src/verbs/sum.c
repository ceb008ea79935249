#include "verbs/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/session.h"
#include "verbs/reading.h"
#include "verbs/request.h"

/* Of the upload whose bytes come, a session has one at a time; and as they were before their end.
 */
static struct digest_state running, ended;

/* A copy_tap. */
static void add(void *context, const void *bytes, size_t n) {
    const struct receive_job *job = context;
    job->session->given->digest->add(&running, bytes, n);
}

void sum_fill(const struct session *session, struct upload *upload) {
    const struct parameters *parameters = &session->parameters;
    upload->sum.declared = parameters->declared;
    if (parameters->declared)
        memcpy(upload->sum.digest, parameters->digest, sizeof(upload->sum.digest));
    upload->request.summed = session->given->digest != NULL;
}

/* Its state, if this session has added to that file last. */
static const struct digest_state *state_of(const struct session *session, int fd,
                                           const struct stat *st) {
    struct known_file file = {.size = st->st_size, .changed = st->st_mtim};
    return path_identify_open(fd, &file.id) == 0 ? digests_state(&session->digests, &file) : NULL;
}

/* Reads the file to which bytes are to be added. Returns 0 or a negative errno. */
static int read_old(const struct session *session, struct upload *upload, uint64_t size) {
    struct stat *old = &upload->sum.old;
    int fd = path_open(&session->who.root, upload->path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    int result = fstat(fd, old) < 0 ? -errno : 0;
    if (result == 0 && (!S_ISREG(old->st_mode) || (uint64_t)old->st_size != size))
        result = -ESTALE;
    const struct digest_state *state = result == 0 ? state_of(session, fd, old) : NULL;
    if (state)
        running = *state;
    else if (result == 0)
        result = size > session->given->config->hash_max ? -EFBIG
                                                         : reading_add(session, fd, size, &running);
    (void)close(fd);
    return result;
}

/* Reads what the file begins with, or what it is added to. Returns 0 or a negative errno. */
static int read_beginning(const struct session *session, struct upload *upload) {
    const struct store *store = &upload->store;
    upload->sum.size = store->adds ? store->before : store->kept;
    if (store->adds && store->taken)
        return read_old(session, upload, store->before);
    if (upload->sum.size > session->given->config->hash_max)
        return -EFBIG;
    return reading_add(session, store->fd, store->kept, &running);
}

bool sum_begin(const struct session *session, struct upload *upload) {
    const struct digest *digest = session->given->digest;
    struct sum *sum = &upload->sum;
    if (!digest)
        return true;
    digest->begin(&running, session->given->config->checksum);
    sum->is_made = read_beginning(session, upload) == 0;
    upload->job.tap = sum->is_made ? add : NULL;
    return !sum->declared || (sum->is_made && !upload->store.adds);
}

void sum_end(const struct session *session, struct upload *upload) {
    struct sum *sum = &upload->sum;
    if (!sum->is_made)
        return;
    if (upload->store.adds)
        ended = running;
    session->given->digest->end(&running, &sum->digests);
    sum->size += upload->result.written;
}

bool sum_differs(const struct upload *upload) {
    const struct sum *sum = &upload->sum;
    return sum->declared && memcmp(sum->digests.bytes[DIGEST_SHA256], sum->digest,
                                   digest_names[DIGEST_SHA256].size) != 0;
}

void sum_forget(struct upload *upload) {
    upload->sum.digests.kinds = 0;
}

/* Have the bytes been added to what was read? */
static bool is_of_old(const struct upload *upload) {
    const struct stat *read = &upload->sum.old, *old = &upload->store.old;
    if (!upload->store.adds)
        return true;
    if (old->st_nlink == 0 || read->st_nlink == 0) /* there was no file, or is none any more */
        return old->st_nlink == 0 && read->st_nlink == 0;
    return old->st_ino == read->st_ino && old->st_dev == read->st_dev &&
           old->st_size == read->st_size && clock_order(&old->st_mtim, &read->st_mtim) == 0;
}

void sum_note(struct session *session, struct upload *upload) {
    const struct sum *sum = &upload->sum;
    if (sum->digests.kinds == 0)
        return;
    const struct known_file file = {
        .id = upload->store.id, .size = (off_t)sum->size, .changed = upload->store.changed};
    if (!is_of_old(upload)) {
        sum_forget(upload);
        return;
    }
    digests_note(&session->digests, &file, &sum->digests);
    if (upload->store.adds)
        digests_keep_state(&session->digests, &file, &ended);
}
