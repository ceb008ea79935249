#include "session/leave.h"

#include <errno.h>
#include <stdarg.h>

#include "session/reply.h"
#include "session/session.h"

void leave(struct session *session) {
    session->leave.over = true;
}

void leave_draining(struct session *session) {
    session->leave.over = session->leave.must_drain = true;
}

int leave_saying(struct session *session, int code, const char *format, ...) {
    va_list arguments;
    leave(session);
    va_start(arguments, format);
    int result = reply_told_list(session, code, format, arguments);
    va_end(arguments);
    return result;
}

int leave_stopping(struct session *session) {
    const struct log_facts facts = {.reply = 421};
    if (!session->leave.stopping) {
        log_about(session->given->log, EVENT_STOPPED, &facts, "Closing: asked to stop");
        transcript_note(session, "The server is asked to stop");
    }
    session->leave.stopping = session->leave.over = true;
    control_forget_stop(&session->control); /* sending the last reply may wait */
    return -ESHUTDOWN;
}
