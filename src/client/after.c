#include "client/after.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "client/source.h"

enum { PATH_ROOM = 8192, SAME_NAMES = 10000 };

/* Makes the folders of a path, up to its last slash. */
static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

/* Moves it to the folder, under its target's name; another number if that is taken. */
static int move(const struct job *job, const char *folder) {
    char to[PATH_ROOM];
    for (int i = 0; i < SAME_NAMES; i++) {
        char number[16] = "";
        if (i > 0)
            (void)snprintf(number, sizeof(number), ".%d", i);
        if (snprintf(to, sizeof(to), "%s/%s%s", folder, job->target, number) >= PATH_ROOM)
            return -ENAMETOOLONG;
        make_folders(to);
        if (renameat2(AT_FDCWD, job->source, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

bool after_sent(const struct options *options, const struct job *job, struct failure *failure) {
    bool deletes = options->delete_sent || (options->outbox && !options->move_to);
    if ((!deletes && !options->move_to) || !job->is_plain)
        return true;
    int fd = source_reopen(job);
    if (fd < 0) {
        failure_ours(failure, EX_NOINPUT, "sent, and left here: it is not what was sent any more");
        return false;
    }
    (void)close(fd);
    int result = deletes ? (unlink(job->source) < 0 ? -errno : 0) : move(job, options->move_to);
    if (result < 0)
        failure_ours(failure, FAILURE_OTHER, "sent, but not %s: %s", deletes ? "deleted" : "moved",
                     strerror(-result));
    return result == 0;
}

bool after_folder(const struct options *options, const struct job *job) {
    return !options->outbox || rmdir(job->source) == 0 || errno == ENOENT;
}
