#include "session/probe.h"

#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "session/session.h"

enum {
    PROOF_TIME = 10000, /* ms that a client may take to acknowledge a piece */
    PROOF_STEP = 2,     /* ms between two looks */
    PROOF_PAUSE = 300   /* ms in which a reset comes through a relay */
};

/* Waits until what was written is acknowledged, and a little longer. Returns 0 or a negative
 * errno. */
static int await_proof(struct session *session) {
    long long deadline = clock_ms() + PROOF_TIME;
    int result;
    while (!control_is_acknowledged(&session->control)) {
        if (clock_ms() >= deadline)
            return -ETIMEDOUT;
        result = watch_wait(session, -1, 0, clock_ms() + PROOF_STEP);
        if (result < 0 && result != -ETIMEDOUT)
            return result;
    }
    result = watch_wait(session, -1, 0, clock_ms() + PROOF_PAUSE);
    return result == -ETIMEDOUT ? 0 : result;
}

bool probe_reaches(struct session *session) {
    static const char line[] = "150 All has come; storing it\r\n";
    static const size_t ends[] = {3, sizeof(line) - 3, sizeof(line) - 1};
    int result = 0;
    for (size_t i = 0, at = 0; i < sizeof(ends) / sizeof(ends[0]); at = ends[i++]) {
        /* Its end is always sent: what follows must be a line of its own */
        int written =
            control_write(&session->control, line + at, ends[i] - at, result == 0 ? PROOF_TIME : 0);
        if (result == 0)
            result = written < 0 ? written : await_proof(session);
    }
    if (result == 0) {
        transcript_reply(session, line, sizeof(line) - 1);
        return true;
    }
    if (!session->leave.stopping)
        watch_lose_control(&session->watch);
    if (session->watch.control_gone)
        transcript_vanished(session);
    return false;
}
