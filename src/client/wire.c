#include "client/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

bool wire_name(const char *name, char ret[WIRE_NAME_SIZE], struct failure *failure) {
    size_t length = 0;
    for (const char *at = name; *at; at++) {
        if (length + 2 >= WIRE_NAME_SIZE) {
            *ret = '\0';
            failure_ours(failure, FAILURE_OTHER, "the name is too long");
            return false;
        }
        if (*at == '\xff')
            ret[length++] = *at;
        ret[length++] = *at;
    }
    ret[length] = '\0';
    return true;
}

void wire_begin(struct job *job) {
    job->state = JOB_FLYING;
    if (job->tries++ == 0)
        job->began = clock_ms();
    *job->reply = '\0';
}

void wire_note_sent(struct job *job, const struct source *source) {
    off_t sent = source->size - source->left;
    if (source->size < 0)
        job->sent = source->began;
    else if (sent > job->sent)
        job->sent = sent;
}

void wire_keep_reply(struct job *job, struct control *control) {
    (void)snprintf(job->reply, sizeof(job->reply), "%s", control_answer(control));
}

/* A pipe is not opened: to close it again would end its writer. */
bool wire_is_empty(const char *path) {
    char byte;
    struct stat st;
    if (stat(path, &st) < 0)
        return true;
    if (!S_ISREG(st.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool empty = fd < 0 || pread(fd, &byte, 1, 0) == 0;
    if (fd >= 0)
        (void)close(fd);
    return empty;
}
