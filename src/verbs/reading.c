#include "verbs/reading.h"

#include <errno.h>
#include <unistd.h>

#include "session/session.h"

enum {
    PIECE_SIZE = 16 << 10, /* bytes to read at once */
    LOOK_SIZE = 4 << 20    /* between two looks at the control connection: some milliseconds */
};

static int read_piece(int fd, uint8_t *bytes, size_t n, uint64_t at) {
    ssize_t done;
    do
        done = pread(fd, bytes, n, (off_t)at);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : (int)done;
}

/* Adds n bytes from an offset on. */
static int add(const struct session *session, int fd, uint64_t at, uint64_t n,
               struct digest_state *state) {
    static uint8_t bytes[PIECE_SIZE]; /* static only for its size */
    while (n > 0) {
        int done = read_piece(fd, bytes, n < sizeof(bytes) ? (size_t)n : sizeof(bytes), at);
        if (done <= 0)
            return done < 0 ? done : -ESTALE;
        session->given->digest->add(state, bytes, (size_t)done);
        at += (uint64_t)done;
        n -= (uint64_t)done;
    }
    return 0;
}

static uint64_t piece_of(uint64_t left) {
    return left < LOOK_SIZE ? left : LOOK_SIZE;
}

int reading_add(const struct session *session, int fd, uint64_t n, struct digest_state *state) {
    int result = 0;
    for (uint64_t at = 0; at < n && result == 0; at += piece_of(n - at)) {
        result = control_stopped(&session->control) ? -ESHUTDOWN
                                                    : add(session, fd, at, piece_of(n - at), state);
    }
    return result;
}

int reading_watch(struct session *session, int fd, uint64_t n, struct digest_state *state) {
    for (uint64_t at = 0; at < n; at += piece_of(n - at)) {
        int result = at > 0 ? watch_wait(session, -1, 0, 0) : -ETIMEDOUT;
        if (result == -ETIMEDOUT)
            result = add(session, fd, at, piece_of(n - at), state);
        if (result < 0)
            return result;
        watch_move(&session->watch, piece_of(n - at));
    }
    return 0;
}
