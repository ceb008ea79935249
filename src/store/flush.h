/*
 * flush: brings the bytes of several files to the disk together.
 *
 * A disk takes long to empty its cache, however much is in it: an fsync costs two or three times
 * that, and so does the next one, even if the file system's journal has nothing left to write. The
 * kernel joins the waits of those that run at once. Linux runs an fsync beside others for a process
 * without threads by AIO (io_submit(2), IOCB_CMD_FSYNC). Where that is missing, or forbidden (see
 * sandbox), they come one after the other.
 */
#ifndef STORD_FLUSH_H
#define STORD_FLUSH_H

#include <stdbool.h>

enum { FLUSH_MOST = 64 /* files at once */ };

/* What a session has found out about its disk. */
struct flush {
    unsigned long queue; /* the kernel's, of AIO; 0: there is none yet */
    unsigned slow;       /* fsyncs that have taken long, one after the other */
    bool is_alone;       /* there is no AIO */
};

/* Nothing is known. */
void flush_init(struct flush *flush);

/* Does the process take long to end? The kernel closes the queue then, which takes 30 ms. */
static inline bool flush_ends_late(const struct flush *flush) {
    return flush->queue != 0;
}

/* fsync(2) of `count` files, at most FLUSH_MOST. results: 0 or a negative errno of each. */
void flush_files(struct flush *flush, const int *fds, int *results, unsigned count);

#endif
