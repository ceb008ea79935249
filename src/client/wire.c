#include "client/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"

void wire_begin(struct job *job) {
    job->state = JOB_FLYING;
    if (job->tries++ == 0)
        job->began = clock_ms();
    if (!job->is_stored)
        *job->reply = '\0';
}

bool wire_other_name(const struct job *job, const char *name, char *ret, size_t size) {
    static const char mark[] = "FILE: ";
    const char *given = strstr(job->reply, mark), *base = strrchr(name, '/');
    char shown[WIRE_NAME_SIZE]; /* as a reply would show it */
    int folder = base ? (int)(base + 1 - name) : 0;
    (void)snprintf(shown, sizeof(shown), "%s", name + folder);
    escape_in_place(shown, strlen(shown));
    if (!given)
        return false;
    given += strlen(mark);
    const char *slash = strrchr(given, '/');
    if (strcmp(slash ? slash + 1 : given, shown) == 0)
        return false;
    (void)snprintf(ret, size, "%.*s%s", slash ? 0 : folder, name, given);
    return true;
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
