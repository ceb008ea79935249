#include "session/session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "session/reply.h"
#include "session/view.h"
#include "store/usage.h"
#include "verb.h"
#include "verbs/auth.h"
#include "verbs/facts.h"
#include "verbs/service.h"

enum {
    DRAIN_TIME = 5000, /* ms that input is dropped after a last reply */
    STOP_TIME = 200    /* the same when we are asked to stop */
};

/* What reading a command line came to. */
enum read_outcome { READ_LINE, READ_END, READ_IDLE, READ_STOP };

void session_reset(struct session *session) {
    session->user_given = false;
    session->ascii = session->config->default_ascii;
    session->type_given = session->allo_given = session->allo_refused = false;
    session->restart = 0;
    session->facts = FACTS_ALL;
    session->names.spoken = false;
    data_reset(&session->data);
    session->data.extended_only = false;
    secure_reset(session);
    session->cwd[0] = '/';
    session->cwd[1] = '\0';
    session->rename_from[0] = session->failed[0] = '\0';
    shown_forget_all(&session->shown);
    auth_begin(session);
}

void session_init(struct session *session, const struct session_parts *parts) {
    memset(session, 0, offsetof(struct session, home));
    session->config = parts->config;
    session->log = parts->log;
    session->folder = parts->folder;
    session->xferlog = parts->xferlog;
    session->transcript = parts->transcript;
    session->peer = *parts->peer;
    session->dial = *parts->dial;
    session->top = *parts->root;
    control_open(&session->control, parts->in, parts->out);
    line_init(&session->line);
    session->line_alone = true;
    data_init(&session->data);
    session->helper = *parts->helper;
    session->secure.setup = *parts->secure;
    session->names = parts->names;
    usage_boot(session->boot);
    turns_init(&session->turns, &session->top, -1);
    addition_init(&session->addition, &session->top, session->boot, session->config->no_sync);
    /* REIN gives no more time */
    session->login_deadline = clock_deadline(session->config->login_timeout);
    session->begun = clock_seconds();
    share_init(&session->share);
    session_reset(session);
}

/* The client has not been answered yet: what is there now did not wait for that. */
void session_note_piece(struct session *session) {
    session->line_alone = !control_has_come(&session->control);
}

/* Feeds the line from what has been received. True when the line is whole. */
static bool feed_line(struct session *session) {
    struct control *control = &session->control;
    const uint8_t *bytes = control->buffer + control->start;
    bool ended = false;
    size_t taken = line_feed(&session->line, bytes, control_pending(control), &ended);
    control->start += taken;
    transcript_input(session, bytes, taken, ended);
    if (ended)
        session_note_piece(session);
    /* Whoever cannot be reached is found out soon. Under TLS half of a write spoils the next one */
    if (session->line.refusal_length > 0 && !secure_is_on(session))
        (void)control_write(control, session->line.refusal, session->line.refusal_length, 0);
    session->line.refusal_length = 0;
    return ended;
}

/* Polls n descriptors and, in the room behind them (PASSIVE_FDS), what belongs to the passive port,
 * and sees to that. Until deadline at the most, as clock_ms tells it; perhaps less. Returns as
 * poll(2). */
static int poll_beside(struct session *session, struct pollfd *fds, nfds_t n, long long deadline) {
    struct passive *passive = &session->data.passive;
    long long left = deadline - clock_ms();
    left = passive_patience(passive, left > 0 ? left : 0);
    int ready = poll(fds, n + passive_poll(passive, fds + n), (int)left);
    if (ready >= 0)
        passive_attend(passive, &session->peer, session->log);
    return ready;
}

/* Waits for a command, as control_fill does, while others may come to the passive port. */
static int fill(struct session *session, int timeout) {
    struct control *control = &session->control;
    long long deadline = clock_ms() + timeout, left = timeout;
    while (passive_is_open(&session->data.passive) && !conn_has_more(&control->conn) && left > 0) {
        struct pollfd fds[2 + PASSIVE_FDS] = {{.fd = -1}, {.fd = control->stop, .events = POLLIN}};
        fds[0].events = conn_reading(&control->conn, &fds[0].fd);
        if (poll_beside(session, fds, 2, deadline) < 0 && errno != EINTR)
            return -errno;
        if (fds[0].revents || fds[1].revents) {
            int result = control_fill(control, 0);
            if (result != -ETIMEDOUT) /* a part of what TLS wants to see whole */
                return result;
        }
        left = deadline - clock_ms();
    }
    return control_fill(control, left > 0 ? (int)left : 0);
}

/* May the line that has begun be a command without line end? Not when it came together with what is
 * before it, be that a line or the data of an upload: then it is the first half of a line that the
 * network cut. Nor in a session that has asked for data connections: that client knows how lines
 * end. */
static bool may_be_unterminated(struct session *session) {
    if (!session->line.begun || session->line.crs > 0 || !session->line_alone || session->data.used)
        return false;
    session->line.text[session->line.length] = '\0'; /* more may be appended all the same */
    const struct verb *verb = verb_find(session->line.text);
    return verb && verb->traits & VERB_UNTERMINATED;
}

/* ms to wait for a command. */
static int patience(const struct session *session) {
    long long idle = session->config->idle_timeout * 1000LL;
    if (session->logged_in)
        return (int)idle;
    long long login = session->login_deadline - clock_ms();
    return (int)(login < 0 ? 0 : login < idle ? login : idle);
}

/* A TLS ClientHello where commands are awaited: no command begins with its first byte. */
static bool is_tls(const struct session *session) {
    const struct control *control = &session->control;
    return !secure_is_on(session) && !session->line.begun && control_pending(control) > 0 &&
           control->buffer[control->start] == SESSION_TLS;
}

/* The connection is at its end, by what control_fill returned. */
static enum read_outcome end_reading(const struct session *session, int result) {
    if (result == TLS_BROKEN)
        log_event(session->log, EVENT_TLS_BROKEN, "Closing: TLS: %s",
                  conn_error(&session->control.conn));
    if (session->line.begun)
        log_event(session->log, EVENT_HALF_COMMAND, "Dropped a command that has no end");
    return READ_END;
}

static enum read_outcome read_line(struct session *session) {
    struct control *control = &session->control;
    if (session->line_waiting) {
        session->line_waiting = session->end_seen = false;
        session->half_closed =
            session->half_closed && control->ended; /* more may stand before it */
        return READ_LINE;
    }
    if (!session->logged_in && clock_ms() >= session->login_deadline)
        return READ_IDLE;
    for (;;) {
        if (is_tls(session)) {
            log_event(session->log, EVENT_NOT_FTP, "Closing: the client speaks TLS, not FTP");
            transcript_input(session, control->buffer + control->start, control_pending(control),
                             false);
            session->must_drain = true;
            return READ_END;
        }
        if (control_pending(control) > 0 && control_stopped(control))
            return READ_STOP;
        if (feed_line(session))
            return READ_LINE;
        bool unterminated = may_be_unterminated(session);
        bool by_silence = unterminated && session->config->unterminated_wait > 0;
        int result =
            fill(session, by_silence ? (int)session->config->unterminated_wait : patience(session));
        if (result > 0)
            continue;
        if (result == -ETIMEDOUT && !by_silence)
            return READ_IDLE;
        if (result == -ESHUTDOWN)
            return READ_STOP;
        if ((result < 0 && result != -ETIMEDOUT) || !unterminated)
            return end_reading(session, result);
        line_end(&session->line); /* by silence, or by the end of input */
        transcript_line(session);
        return READ_LINE;
    }
}

/* A line with a password in it has been run: nothing of it stays in memory, nor in the control
 * connection but what nobody has taken. */
static void forget_line(struct session *session, char text[LINE_LIMIT + 1]) {
    struct control *control = &session->control;
    explicit_bzero(text, LINE_LIMIT + 1);
    explicit_bzero(session->line.text, sizeof(session->line.text));
    explicit_bzero(control->buffer, control->start);
    explicit_bzero(control->buffer + control->end, sizeof(control->buffer) - control->end);
}

/* Runs the line that has been read. The line is free for the next one before its verb runs, for
 * more commands may come during a transfer. */
static int run_line(struct session *session) {
    char text[LINE_LIMIT + 1];
    memcpy(text, session->line.text, session->line.length + 1);
    enum line_fault fault = session->line.fault;
    bool secret = verb_secrecy(session, text, fault) != VERB_PUBLIC;
    line_reset(&session->line);
    int result = verb_run(session, text, fault);
    if (secret)
        forget_line(session, text);
    if (session->control.ended && control_pending(&session->control) == 0 && !session->line_waiting)
        session->over = true;
    return result;
}

static void leave(struct session *session) {
    transcript_end(session);
    control_finish(&session->control);
    if (session->must_drain || control_has_unread(&session->control))
        control_drain(&session->control, session->stopping ? STOP_TIME : DRAIN_TIME);
    data_reset(&session->data);
    conn_bare(&session->control.conn);
    const struct log_facts facts = {
        .moved = true, .bytes = session->bytes, .seconds = clock_seconds() - session->begun};
    log_about(session->log, EVENT_CLOSED, &facts, "Connection closed: %s (%u files, %llu bytes)",
              session->peer.text, session->files, (unsigned long long)session->bytes);
}

static int give_up(struct session *session) {
    const char *what = session->logged_in ? "Idle" : "Not logged in";
    unsigned seconds =
        session->logged_in ? session->config->idle_timeout : session->config->login_timeout;
    log_event(session->log, EVENT_TIMED_OUT, "Closing: %s for %u seconds", what, seconds);
    session->over = true;
    return reply_send(session, 421, "%s for %u seconds; closing", what, seconds);
}

bool session_sees(const struct session *session) {
    return session->rights & (RIGHT_LIST | RIGHT_READ);
}

bool session_pardons_cut(const struct session *session) {
    return session->config->tls_lenient_close || session->account.lenient;
}

bool session_pardons_leaving(const struct session *session) {
    return session->config->lenient_close || session->account.lenient;
}

bool session_may_replace(const struct session *session) {
    return account_policy(&session->account) == CONFLICT_REPLACE;
}

int session_stop(struct session *session) {
    if (!session->stopping) {
        log_event(session->log, EVENT_STOPPED, "Closing: asked to stop");
        transcript_note(session, "The server is asked to stop");
    }
    session->stopping = session->over = true;
    session->control.stop = -1; /* it has done its work, and the last reply may be waited for */
    return -ESHUTDOWN;
}

static int reply_stop(struct session *session) {
    (void)session_stop(session);
    return reply_send(session, 421, "The service is shutting down; closing");
}

void session_run(struct session *session) {
    if (session->config->no_sync)
        log_event(session->log, EVENT_NOT_SYNCED,
                  "Uploads are not synced (--no-sync): a power cut may lose acknowledged ones");
    int result = session->config->tls == TLS_IMPLICIT ? secure_control(session) : 0;
    if (result < 0)
        session->must_drain = true;
    else
        result = reply_send(session, 220, "Welcome to the FTP server");
    while (result == 0 && !session->over) {
        switch (read_line(session)) {
        case READ_LINE:
            result = run_line(session);
            break;
        case READ_IDLE:
            result = give_up(session);
            break;
        case READ_STOP:
            result = reply_stop(session);
            break;
        default:
            session->over = true;
        }
    }
    leave(session);
    addition_close(&session->addition);
    turns_close(&session->turns);
    shown_forget_all(&session->shown);
    view_forget_all_own(session);
}

/* The client sends nothing more. Over TCP it may have closed its side alone, and wait for the
 * replies. TLS that is not over has been cut. */
static void note_end(struct session *session) {
    if (session->peer.kind != PEER_INET || secure_is_on(session)) {
        session->control_gone = true;
        return;
    }
    session->half_closed = true;
    session->half_until = clock_ms() + SESSION_HALF_TIME;
}

/* Takes what the client sends on the control connection during a transfer. */
static void attend(struct session *session) {
    struct control *control = &session->control;
    int result = control_pending(control) > 0 ? 1 : control_fill(control, 0);
    if (result == -ETIMEDOUT) /* a part of what TLS wants to see whole */
        return;
    if (result == 0)
        note_end(session);
    else if (result < 0)
        session->control_gone = true;
    if (result <= 0)
        return;
    while (control_pending(control) > 0 && !session->line_waiting) {
        if (!feed_line(session))
            continue;
        if (!verb_is_meanwhile(session->line.text, session->line.fault)) {
            session->line_waiting = true;
            return;
        }
        if (run_line(session) < 0)
            session->control_gone = true;
    }
}

static bool is_listening(const struct session *session) {
    return !session->control_gone && !session->half_closed && !session->line_waiting &&
           !session->data.meets;
}

static bool is_quit(const struct line *line) {
    const struct verb *verb = verb_find(line->text);
    return verb && verb->run == verb_quit && line->fault == LINE_GOOD;
}

/* Copies what has been received behind the line that waits, without taking it. Returns how much. */
static size_t peek(struct session *session, uint8_t bytes[CONTROL_BUFFER_SIZE]) {
    struct control *control = &session->control;
    if (secure_is_on(session)) /* what the kernel has is nothing to look at */
        control_gather(control);
    size_t n = control_pending(control);
    memcpy(bytes, control->buffer + control->start, n);
    if (secure_is_on(session))
        return n;
    ssize_t more =
        recv(control->conn.in, bytes + n, CONTROL_BUFFER_SIZE - n, MSG_PEEK | MSG_DONTWAIT);
    return n + (more > 0 ? (size_t)more : 0);
}

/* A client that has closed the control connection may have sent QUIT before, behind the line that
 * waits. */
static bool has_quit(struct session *session) {
    uint8_t bytes[CONTROL_BUFFER_SIZE];
    struct line line;
    bool found = is_quit(&session->line);
    size_t n = found ? 0 : peek(session, bytes);
    line_init(&line);
    for (size_t at = 0; at < n && !found; line_reset(&line)) {
        bool ended;
        at += line_feed(&line, bytes + at, n - at, &ended);
        if (!ended)
            line_end(&line);
        found = is_quit(&line);
    }
    explicit_bzero(bytes, sizeof(bytes)); /* there may be a password */
    explicit_bzero(&line, sizeof(line));
    return found;
}

/* While a line waits, no more are read; but whether the client is still there can be seen. */
static void watch_for_end(struct session *session, short events) {
    bool is_over = events & (POLLHUP | POLLERR),
         has_left = session->line_waiting && has_quit(session);
    if (is_over)
        session->control_gone = !has_left;
    else if (events & POLLRDHUP && !has_left)
        note_end(session);
    session->end_seen = is_over || has_left || session->control_gone;
}

/* What to wait for on the control connection: commands, or only its end. */
static struct pollfd control_events(const struct session *session) {
    struct pollfd control;
    control.events = conn_reading(&session->control.conn, &control.fd);
    control.revents = 0;
    if (session->control_gone || session->end_seen || session->data.meets)
        control.fd = -1;
    else if (session->half_closed)
        control.events = 0; /* a reset is told all the same */
    else if (session->line_waiting)
        control.events = POLLRDHUP;
    return control;
}

/* Attends to what poll has found. */
static void attend_to(struct session *session, short events) {
    if (session->line_waiting || session->half_closed)
        watch_for_end(session, events);
    else
        attend(session);
}

void session_look(struct session *session) {
    for (;;) {
        struct pollfd fds[1 + PASSIVE_FDS] = {control_events(session)};
        if (is_listening(session) && control_has_more(&session->control))
            attend(session);
        else if (poll_beside(session, fds, 1, 0) > 0 && fds[0].revents)
            attend_to(session, fds[0].revents);
        else
            return;
    }
}

int session_wait(struct session *session, int fd, short events, long long deadline) {
    int result;
    do
        result = session_wait_or_news(session, fd, events, deadline);
    while (result == -EINTR);
    return result;
}

static bool is_ready(int fd, short events) {
    struct pollfd one = {.fd = fd, .events = events};
    return poll(&one, 1, 0) > 0;
}

int session_wait_or_news(struct session *session, int fd, short events, long long deadline) {
    for (;;) {
        if (session->aborted)
            return -ECANCELED;
        if (session->stopping)
            return -ESHUTDOWN;
        if (is_listening(session) && control_has_more(&session->control)) {
            attend(session);
            continue;
        }
        struct pollfd fds[3 + PASSIVE_FDS] = {{.fd = fd, .events = events},
                                              control_events(session),
                                              {.fd = session->control.stop, .events = POLLIN}};
        bool is_brief = session->half_closed && session->data.awaited;
        long long until = session->control_gone ? 0 : deadline;
        if (is_brief && session->half_until < until)
            until = session->half_until;
        int n = poll_beside(session, fds, 3, until);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0 && fds[2].revents)
            return session_stop(session);
        if (n > 0 && fds[1].revents)
            attend_to(session, fds[1].revents);
        if (session->aborted)
            continue;
        if (n > 0 && fds[0].revents)
            return 0;
        if (passive_news(&session->data.passive))
            return -EINTR;
        if (n >= 0 && clock_ms() >= until &&
            !is_ready(fd, events)) /* poll may have been long ago */
            return session->control_gone || until != deadline ? -ENOTCONN : -ETIMEDOUT;
    }
}
