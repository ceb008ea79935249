#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stop.h"
#include "net/tls.h"
#include "store/ascii.h"

enum {
    BUFFER_SIZE = 1 << 20,     /* pages that are not filled are never touched */
    SMALL_SIZE = 1 << 14,      /* the same, for what comes before one that has filled it */
    WRITE_BACK_SIZE = 8 << 20, /* start write-back whenever so much has come */
    LOOK_EVERY = 32,           /* reads between two looks at the control connection, */
    LOOK_SIZE = 4 << 20,       /* or bytes, as a disk may be slow */
    HAND_SIZE = 1 << 16,       /* bytes to copy at once if the kernel does not copy */
    PIECE_SIZE = 64 << 20      /* of a file, between two checks whether to stop */
};

/* State of one copy_receive. */
struct receive {
    const struct copy *copy;
    struct copy_result result;
    uint8_t *buffer;       /* after one spare byte for a held-back CR */
    size_t size;           /* of it: SMALL_SIZE or BUFFER_SIZE */
    size_t held;           /* bytes in it that have not been stored yet */
    struct ascii ascii;    /* conversion across buffers */
    uint64_t most;         /* bytes that the file may have, as far as known */
    uint64_t written_back; /* bytes written whose write-back was started */
    unsigned reads;        /* since the last look */
    uint64_t looked;       /* bytes stored at the last look */
};

static bool stop(struct receive *receive, enum copy_end end, int error) {
    receive->result.end = end;
    receive->result.error = error;
    return false;
}

/* Ends the transfer by the result of the wait function. */
static bool stop_waiting(struct receive *receive, int result) {
    if (result == -ETIMEDOUT)
        return stop(receive, COPY_STALLED, result);
    if (result == -ECANCELED)
        return stop(receive, COPY_ABORTED, result);
    if (result == -ESHUTDOWN)
        return stop(receive, COPY_STOPPED, result);
    return stop(receive, COPY_RESET, result);
}

/* May so many bytes be written in all? */
static bool check(struct receive *receive, uint64_t written) {
    const struct copy_sink *to = &receive->copy->to;
    int result = to->check(to->store, to->offset + written, &receive->most);
    if (result == -ESHUTDOWN)
        return stop(receive, COPY_STOPPED, result);
    return result == 0 || stop(receive, COPY_FAILED, result);
}

/* Starts the write-back of what has been written since the last time: a hint, fsync reports errors
 * again. */
static bool write_back(struct receive *receive) {
    const struct copy_sink *to = &receive->copy->to;
    (void)sync_file_range(to->fd, (off_t)(to->offset + receive->written_back),
                          (off_t)(receive->result.written - receive->written_back),
                          SYNC_FILE_RANGE_WRITE);
    receive->written_back = receive->result.written;
    return check(receive, receive->result.written);
}

static bool write_all(struct receive *receive, const uint8_t *bytes, size_t n) {
    const struct copy_sink *to = &receive->copy->to;
    uint64_t size = receive->result.written + n;
    if (size > receive->most - to->offset && !check(receive, size))
        return false;
    while (n > 0) {
        ssize_t done = write(to->fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return stop(receive, COPY_FAILED, done < 0 ? -errno : -EIO);
        if (receive->copy->tap)
            receive->copy->tap(receive->copy->context, bytes, (size_t)done);
        bytes += done;
        n -= (size_t)done;
        receive->result.written += (uint64_t)done;
    }
    return receive->result.written - receive->written_back < WRITE_BACK_SIZE || write_back(receive);
}

/* Stores n bytes of buffer, which has one spare byte in front. */
static bool take(struct receive *receive, uint8_t *bytes, size_t n) {
    receive->result.received += n;
    *receive->copy->progress = receive->result.received;
    if (!receive->copy->ascii)
        return write_all(receive, bytes, n);
    uint8_t *start = bytes;
    size_t length = ascii_to_local(&receive->ascii, &start, n);
    return write_all(receive, start, length);
}

static bool take_head(struct receive *receive, size_t n) {
    const uint8_t *head = receive->copy->head;
    while (n > 0) {
        size_t piece = n < receive->size ? n : receive->size;
        memcpy(receive->buffer, head, piece);
        if (!take(receive, receive->buffer, piece))
            return false;
        head += piece;
        n -= piece;
    }
    return true;
}

/* Notes a look at the transfer. */
static void note_look(struct receive *receive) {
    receive->reads = 0;
    receive->looked = receive->result.received;
}

static bool wait_for_bytes(struct receive *receive) {
    note_look(receive);
    int result = receive->copy->wait(receive->copy->context);
    return result == 0 || stop_waiting(receive, result);
}

/* Looks, if it is time, whether the transfer is to end. Returns whether it may continue. */
static bool look(struct receive *receive) {
    if (receive->reads < LOOK_EVERY && receive->result.received - receive->looked < LOOK_SIZE)
        return true;
    note_look(receive);
    int result = receive->copy->look(receive->copy->context);
    return result == 0 || stop_waiting(receive, result);
}

/* Stores what has been read but not stored. */
static bool take_held(struct receive *receive) {
    size_t n = receive->held;
    receive->held = 0;
    return n == 0 || take(receive, receive->buffer, n);
}

/* Memory of its own for the bytes, which small uploads that are not gathered can do without. If
 * there is none, what there is will do. Nothing is held. */
static void grow(struct receive *receive) {
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    uint8_t *memory = mmap(NULL, BUFFER_SIZE + 1, protection, flags, -1, 0);
    if (memory == MAP_FAILED)
        return;
    receive->buffer = memory + 1;
    receive->size = BUFFER_SIZE;
}

/* Moves one piece from the source to the file. Returns false if the transfer is over. */
static bool step(struct receive *receive) {
    const struct copy *copy = receive->copy;
    uint64_t left = copy->limit - receive->result.received - receive->held;
    size_t wanted = copy->gather && copy->gather < receive->size ? copy->gather : receive->size;
    size_t room = wanted - receive->held;
    if (left == 0)
        return stop(receive, COPY_LIMIT, 0);
    if (!look(receive) || (copy->blocks && !wait_for_bytes(receive)))
        return false;
    ssize_t n = copy->read(copy->context, receive->buffer + receive->held,
                           left < room ? (size_t)left : room);
    receive->reads++;
    if (n == -EAGAIN)
        return wait_for_bytes(receive);
    if (n == 0)
        return stop(receive, COPY_CLOSED, 0);
    if (n < 0) {
        bool cut = n == TLS_TRUNCATED || n == TLS_TORN;
        return stop(receive, cut ? COPY_CUT : COPY_RESET, (int)n);
    }
    receive->held += (size_t)n;
    *copy->progress = receive->result.received + receive->held;
    if (copy->gather && receive->held < wanted)
        return true;
    bool is_full = receive->held == receive->size;
    if (!take_held(receive))
        return false;
    if (is_full && receive->size == SMALL_SIZE)
        grow(receive);
    return true;
}

struct copy_result copy_receive(const struct copy *copy) {
    static uint8_t small[SMALL_SIZE + 1]; /* static only for its size */
    struct receive receive = {
        .copy = copy, .most = copy->to.most, .buffer = small + 1, .size = SMALL_SIZE};
    if (copy->gather)
        grow(&receive);
    size_t head = copy->limit < copy->head_length ? (size_t)copy->limit : copy->head_length;
    if (take_head(&receive, head)) {
        while (step(&receive)) {
        }
        (void)take_held(&receive);
    }
    if (copy->ascii && receive.ascii.cr && receive.result.end == COPY_CLOSED)
        (void)write_all(&receive, (const uint8_t *)"\r", 1);
    if (receive.size == BUFFER_SIZE)
        (void)munmap(receive.buffer - 1, BUFFER_SIZE + 1);
    return receive.result;
}

/* For file systems between which copy_file_range fails. */
static int copy_by_hand(int from, int to, uint64_t left) {
    static char buffer[HAND_SIZE]; /* static only for its size */
    while (left > 0) {
        ssize_t n = read(from, buffer, left < sizeof(buffer) ? (size_t)left : sizeof(buffer));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ERANGE;
        for (ssize_t at = 0, done; at < n; at += done) {
            done = write(to, buffer + at, (size_t)(n - at));
            if (done < 0 && errno == EINTR)
                done = 0;
            else if (done <= 0)
                return done < 0 ? -errno : -EIO;
        }
        left -= (uint64_t)n;
    }
    return 0;
}

int copy_file(int from, int to, uint64_t left, int stop) {
    while (left > 0) {
        size_t piece = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
        if (stop_asked(stop))
            return -ESHUTDOWN;
        ssize_t n = copy_file_range(from, NULL, to, NULL, piece, 0);
        if (n < 0 && errno != EINTR) {
            if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO)
                return -errno;
            int result = copy_by_hand(from, to, piece);
            if (result < 0)
                return result;
            n = (ssize_t)piece;
        }
        if (n == 0)
            return -ERANGE;
        left -= n > 0 ? (uint64_t)n : 0;
    }
    return 0;
}
