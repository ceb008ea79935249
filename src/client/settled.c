#include "client/settled.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SETTLED_AFTER = 10 /* s */ };

bool settled_is(const char *path) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    bool settled = true;
    if (fd < 0)
        return true;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    else if (errno == EAGAIN)
        settled = false;
    else
        settled = fstat(fd, &st) < 0 || time(NULL) - st.st_mtime >= SETTLED_AFTER;
    (void)close(fd);
    return settled;
}
