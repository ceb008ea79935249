#include "record.h"

#include <errno.h>
#include <unistd.h>

int record_write(int fd, const char *bytes, size_t n) {
    ssize_t written;
    do
        written = write(fd, bytes, n);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return -errno;
    return (size_t)written == n ? 0 : -ENOSPC;
}
