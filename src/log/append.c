#include "log/append.h"

#include <errno.h>
#include <unistd.h>

int append_lines(int fd, const char *bytes, size_t n) {
    ssize_t written;
    do
        written = write(fd, bytes, n);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return -errno;
    return (size_t)written == n ? 0 : -ENOSPC;
}

bool append_may_pass(int error) {
    static const int errors[] = {ENOSPC, EDQUOT, EIO, ENOMEM, EMFILE, ENFILE, EINTR, EEXIST};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (error == -errors[i])
            return true;
    }
    return false;
}
