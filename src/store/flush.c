#include "store/flush.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"

enum {
    SLOW = 200, /* microseconds that an fsync takes: the queue costs a fraction of that, */
    PROOFS = 2  /* but what else the processor does may take as long, once */
};

void flush_init(struct flush *flush) {
    *flush = (struct flush){0};
}

/* Opens the queue, if there is none. It is closed with the process. */
static bool has_queue(struct flush *flush) {
    aio_context_t queue = 0;
    if (flush->queue == 0 && !flush->is_alone)
        flush->is_alone = syscall(SYS_io_setup, FLUSH_MOST, &queue) < 0;
    flush->queue = queue ? queue : flush->queue;
    return !flush->is_alone;
}

/* Takes the results of so many. Returns false if that cannot be done. */
static bool collect(const struct flush *flush, int *results, long count) {
    struct io_event events[FLUSH_MOST];
    while (count > 0) {
        long n = syscall(SYS_io_getevents, flush->queue, count, count, events, NULL);
        if (n < 0 && errno != EINTR)
            return false;
        for (long i = 0; i < n; i++)
            results[events[i].data] = (int)events[i].res;
        count -= n > 0 ? n : 0;
    }
    return true;
}

/* Syncs them at once. Returns how many have a result. */
static unsigned sync_together(struct flush *flush, const int *fds, int *results, unsigned count) {
    struct iocb orders[FLUSH_MOST], *list[FLUSH_MOST];
    for (unsigned i = 0; i < count; i++) {
        /* A hint, so that the disk has the bytes of all before it is asked to keep the first */
        (void)sync_file_range(fds[i], 0, 0, SYNC_FILE_RANGE_WRITE);
        orders[i] = (struct iocb){
            .aio_data = i, .aio_lio_opcode = IOCB_CMD_FSYNC, .aio_fildes = (unsigned)fds[i]};
        list[i] = &orders[i];
    }
    long n = syscall(SYS_io_submit, flush->queue, (long)count, list);
    if (n > 0 && collect(flush, results, n))
        return (unsigned)n;
    flush->is_alone = true;
    return 0;
}

/* Syncs one, and looks how long that takes. */
static void sync_alone(struct flush *flush, int fd, int *ret_result) {
    long long begun = clock_us();
    *ret_result = path_sync(fd);
    flush->slow = clock_us() - begun > SLOW ? flush->slow + 1 : 0;
}

void flush_files(struct flush *flush, const int *fds, int *results, unsigned count) {
    unsigned done = 0;
    while (done < count) {
        bool together = flush->slow >= PROOFS && count - done > 1 && has_queue(flush);
        unsigned more =
            together ? sync_together(flush, fds + done, results + done, count - done) : 0;
        if (more == 0)
            sync_alone(flush, fds[done], &results[done]);
        done += more ? more : 1;
    }
}
