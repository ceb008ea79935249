#include "session/leave.h"

#include <errno.h>
#include <stdarg.h>

#include "session/reply.h"
#include "session/session.h"

void leave(struct session *session) {
    session->leaving.over = true;
}

void leave_draining(struct session *session) {
    session->leaving.over = session->leaving.must_drain = true;
}

int leave_saying(struct session *session, int code, const char *format, ...) {
    va_list arguments;
    leave(session);
    va_start(arguments, format);
    int result = reply_send_list(session, code, format, arguments);
    va_end(arguments);
    return result;
}

int leave_stopping(struct session *session) {
    if (!session->leaving.stopping) {
        log_event(session->given->log, EVENT_STOPPED, "Closing: asked to stop");
        transcript_note(session, "The server is asked to stop");
    }
    session->leaving.stopping = session->leaving.over = true;
    control_forget_stop(&session->control); /* sending the last reply may wait */
    return -ESHUTDOWN;
}
